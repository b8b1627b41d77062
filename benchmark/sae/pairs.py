"""Batches for methods that train on pairs: rows that are pairs, or a few token rows of each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import MODALITIES, Budget, Modality, PairedActivations, TrainingData
from benchmark.sae.trainable import Pass
from benchmark.sae.training import order, written_pairs

TOKENS = 4
"""Rows that are drawn of each example of a pair where rows are tokens."""
VAL_ROWS = 4096
"""Token rows of each modality that a threshold is settled on."""


@dataclass(frozen=True, eq=False)
class Spans:
    """Where the rows of each example of one modality are."""

    rows: Int[Tensor, " r"]
    """Row numbers, example by example."""
    first: Int[Tensor, " n"]
    counts: Int[Tensor, " n"]

    def some(
        self, examples: Int[Tensor, " e"], tokens: int, generator: torch.Generator
    ) -> Int[Tensor, " s"]:
        """That many rows of each example at random, all different; one with fewer repeats them."""
        counts = self.counts[examples][:, None]
        slots = torch.arange(int(counts.max()))
        keys = torch.rand(len(examples), len(slots), generator=generator)
        places = keys.masked_fill(slots >= counts, 2).argsort(dim=1)
        chosen = places.gather(1, torch.arange(tokens) % counts)
        return self.rows[(self.first[examples][:, None] + chosen).flatten()]


def spans(train: PairedActivations, modality: Modality) -> Spans:
    """The rows of every example. Raises ValueError, one line, where an example has none."""
    owner, n = train.owner(modality).cpu(), train.n_examples(modality)
    counts = torch.bincount(owner, minlength=n)
    if not counts.all():
        empty = int((counts == 0).int().argmax())
        raise ValueError(f"{modality} {empty} of train has no row, wanted one or more of each")
    return Spans(owner.argsort(stable=True), counts.cumsum(0) - counts, counts)


def tokens_of(train: PairedActivations, batch_size: int) -> int:
    """Rows of each example in a batch of pairs: one where pooled, a few where rows are tokens."""
    return 1 if train.pooled else min(TOKENS, batch_size)


def pair_batches(data: TrainingData, budget: Budget) -> Callable[[int], Mapping[Modality, Tensor]]:
    """Row numbers of both modalities, pair by pair, for each step; steps are asked in order.

    Pooled: `batch_size` written pairs, one row a side. Tokens: `batch_size` rows of each modality
    all the same (a remainder is left out), as TOKENS rows of both examples of so many fewer pairs.
    """
    train, tokens = data.train, tokens_of(data.train, budget.batch_size)
    fewer = replace_batch(budget, budget.batch_size // tokens)
    batches = order(train.n_texts, fewer, data.generator("order/pairs"))
    if train.pooled:
        image_of, text_of = written_pairs(train)
        return lambda step: {"image": image_of[batches[step]], "text": text_of[batches[step]]}
    own = {m: spans(train, m) for m in MODALITIES}
    draws = {m: data.generator(f"tokens/{m}") for m in MODALITIES}
    example_of = {"image": train.caption_of.cpu(), "text": torch.arange(train.n_texts)}
    return lambda step: {
        m: own[m].some(example_of[m][batches[step]], tokens, draws[m]) for m in MODALITIES
    }


def replace_batch(budget: Budget, batch_size: int) -> Budget:
    """The same budget with other batches."""
    return Budget(budget.n_latents, budget.k, budget.steps, batch_size, budget.lr)


def row_batches(
    data: TrainingData, budget: Budget
) -> tuple[Int[Tensor, "steps b"], Int[Tensor, "steps b"]]:
    """Image rows and text rows of every step: written pairs, or token rows as they come."""
    train = data.train
    if train.pooled:
        image_of, text_of = written_pairs(train)
        batches = order(train.n_texts, budget, data.generator("order/pairs"))
        return image_of[batches], text_of[batches]
    image, text = (
        order(len(train.rows(m)), budget, data.generator(f"order/{m}")) for m in MODALITIES
    )
    return image, text


def val_rows(data: TrainingData, modality: Modality) -> Float[Tensor, "n d"]:
    """Equally many rows of val in both modalities, spread over it where rows are tokens."""
    val, x = data.val, data.val.rows(modality)
    n = min(len(val.image), len(val.text))
    if val.pooled:
        return x[:n]
    n = min(n, VAL_ROWS)
    return x[torch.arange(n) * len(x) // n]


def of_pairs(seen: Pass, tokens: int, m: int) -> Pass:
    """Codes of examples from those of their rows, `tokens` each: of each latent the strongest.

    For codes that are not negative. One row an example comes back as it is.
    """
    if tokens == 1:
        return seen
    if seen.indices is None:
        return Pass(seen.out, seen.values.unflatten(0, (-1, tokens)).amax(1), None)
    values, indices = (t.unflatten(0, (-1, tokens)).flatten(1) for t in (seen.values, seen.indices))
    blank = values.new_zeros(len(values), m)
    return Pass(seen.out, blank.scatter_reduce(1, indices, values, "amax"), None)
