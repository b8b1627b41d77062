"""Dictionaries of two modalities that have weights in common, while they are trained and after."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.contracts import MODALITIES, Budget, Modality, TrainingData
from benchmark.sae.dictionaries import Paired, same_width
from benchmark.sae.frames import Same
from benchmark.sae.pairs import of_pairs, pair_batches, row_batches, tokens_of
from benchmark.sae.trainable import Pass, Sae, fvu
from benchmark.sae.training import Optimiser, Rows, rows, shared_start, train

HOW = Optimiser()
Penalty = Callable[[Pass, Pass], Float[Tensor, ""]]
"""What codes of the images and of the texts of a batch of pairs add to the loss."""


def tied(sae: Sae, b_dec: Float[Tensor, " d"], *, decoder: bool) -> Sae:
    """Another dictionary with the same encoder, its own decoder bias, and its own decoder or not.

    A decoder of its own starts as a copy.
    """
    other = type(sae)(sae.encoder.shape[1], 1, sae.k, b_dec, torch.Generator().manual_seed(0))
    other.encoder, other.b_enc = sae.encoder, sae.b_enc
    other.decoder = sae.decoder if decoder else torch.nn.Parameter(sae.decoder.detach().clone())
    return other


def frozen(saes: Mapping[Modality, Sae], sources: Mapping[Modality, Rows]) -> Paired:
    """Both towers in one frame; weights that were shared are one tensor still."""
    image = saes["image"].tower(sources["image"].scale)
    text = saes["text"].tower(sources["text"].scale)
    common = {"W_enc": image.W_enc, "b_enc": image.b_enc}
    if saes["text"].decoder is saes["image"].decoder:
        common["W_dec"] = image.W_dec
    if saes["text"].b_dec is saes["image"].b_dec:
        common["b_dec"] = image.b_dec
    return Paired(image, replace(text, **common), Same(image.d_sae))  # type: ignore[arg-type]


def one_encoder(
    data: TrainingData,
    budget: Budget,
    name: str,
    kind: type[Sae] = Sae,
    how: Optimiser = HOW,
) -> Paired:
    """One encoder for both modalities and a decoder for each: loss = ½ (FVU_I + FVU_T).

    It has two thirds of the budget's latents, as many parameters as a dictionary of all of them.
    Raises ValueError where the modalities differ in width.
    """
    sources = {m: rows(data, m) for m in MODALITIES}
    image, text = sources["image"], sources["text"]
    same_width(image.d, text.d, "an encoder for both modalities")
    m = budget.n_latents * 2 // 3
    first = kind(image.d, m, budget.k, image.mean, data.generator("weights/shared"))
    saes: dict[Modality, Sae] = {"image": first, "text": tied(first, text.mean, decoder=False)}
    drawn = dict(zip(MODALITIES, row_batches(data, budget), strict=True))

    def loss(step: int) -> Float[Tensor, ""]:
        u = {m: sources[m].take(drawn[m][step]) for m in MODALITIES}
        found = [fvu(saes[m](u[m]).out, u[m]) for m in MODALITIES]
        return (found[0] + found[1]) / 2

    train(list(saes.values()), loss, budget, data, name, how)
    return frozen(saes, sources)


def shared_with(
    data: TrainingData,
    budget: Budget,
    penalty: Penalty,
    name: str,
    *,
    own_bias: bool = False,
    masked: float = 0.0,
) -> Paired:
    """One TopK dictionary for both modalities, trained on pairs with a penalty on their codes.

    loss = ½ (FVU_I + FVU_T) + penalty(z_I, z_T), as `shared` but for the penalty. `own_bias` gives
    each modality a decoder bias of its own; `masked` is the chance of a latent to be out of reach,
    for both modalities alike, in a step. Where rows are tokens codes are those of examples, each
    latent's strongest value over the tokens that were drawn.
    """
    sae, sources = shared_start(data, budget)
    saes: dict[Modality, Sae] = {"image": sae, "text": sae}
    if own_bias:
        saes["text"] = tied(sae, sources["text"].mean, decoder=True)
        sae.b_dec = torch.nn.Parameter(sources["image"].mean.clone())
    batches, tokens = pair_batches(data, budget), tokens_of(data.train, budget.batch_size)
    draw = masks(budget.n_latents, masked, data) if masked else None

    def loss(step: int) -> Float[Tensor, ""]:
        drawn, kept = batches(step), None if draw is None else draw()
        u = {m: sources[m].take(drawn[m]) for m in MODALITIES}
        seen = {m: saes[m](u[m], kept) for m in MODALITIES}
        rebuilt = (fvu(seen["image"].out, u["image"]) + fvu(seen["text"].out, u["text"])) / 2
        image, text = (of_pairs(seen[m], tokens, budget.n_latents) for m in MODALITIES)
        return rebuilt + penalty(image, text)

    train(list(dict.fromkeys(saes.values())), loss, budget, data, name)
    return frozen(saes, sources)


def masks(m: int, masked: float, data: TrainingData) -> Callable[[], Bool[Tensor, " m"]]:
    """Draws which latents are within reach of a step, each with probability 1 − masked."""
    generator = data.generator("mask")
    return lambda: (torch.rand(m, generator=generator) >= masked).to(data.device)
