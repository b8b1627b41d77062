"""Two towers and train pairs in, one frozen map out; how strict it is, is chosen on val."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.alignment import assignment as alignment
from benchmark.alignment import dense_maps
from benchmark.alignment.coactivation import alive, coactivation, correlation, shuffled
from benchmark.contracts import (
    Modality,
    PairedActivations,
    SparseCodes,
    TrainingData,
    joined,
    strongest,
)
from benchmark.kernels.ranks.cpu import stand
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Matched

Operator = Literal["hungarian", "greedy", "sinkhorn", "decoder", "procrustes", "cca"]
STRICTER = (1.0, 1.5, 2.0, 3.0, 4.0, 6.0)
"""Multiples of the chance correlation that are tried as the cut."""


@dataclass(frozen=True, eq=False)
class Codes:
    """Train codes of both towers and which image each text was written for."""

    image: SparseCodes
    text: SparseCodes
    image_of: Int[Tensor, " p"]


def encoded(tower: Tower, x: Float[Tensor, "n d"], batch: int = 4096) -> SparseCodes:
    """Codes of many rows, batch by batch."""
    return joined([tower.encode(part) for part in x.split(batch)])


def of_examples(tower: Tower, read: PairedActivations, modality: Modality) -> SparseCodes:
    """Codes of images or texts; where rows are tokens, the strongest value of each latent."""
    codes = encoded(tower, read.rows(modality))
    return strongest(codes, read.owner(modality), read.n_examples(modality))


def post_hoc(
    image: Tower, text: Tower, data: TrainingData, operator: Operator, *, cut: bool = True
) -> tuple[Paired, Mapping[str, Any]]:
    """The two towers in the frame that train pairs suggest, and what was chosen on the way.

    `cut`: drop matches whose train correlation is not above chance, the 99th percentile of alive
    latents with shuffled partners, or above the larger bar that retrieves best on val: multiples of
    it and what matches of noise reach. Without it every assigned match is kept.
    """
    image_of = data.train.caption_of
    codes = Codes(
        of_examples(image, data.train, "image"), of_examples(text, data.train, "text"), image_of
    )
    if operator == "procrustes":
        moments = coactivation(codes.image, codes.text, image_of)
        return Paired(image, text, dense_maps.procrustes(moments)), {"map": operator}
    if operator == "cca":
        return Paired(image, text, dense_maps.cca(codes.image, codes.text, image_of)), {
            "map": operator
        }
    return _matched(image, text, data, codes, operator, cut)


def _matched(
    image: Tower, text: Tower, data: TrainingData, codes: Codes, operator: Operator, cut: bool
) -> tuple[Paired, dict[str, Any]]:
    assign = {"greedy": alignment.greedy, "sinkhorn": alignment.sinkhorn}.get(
        operator, alignment.hungarian
    )
    living = alive(codes.image), alive(codes.text)
    r = correlation(codes.image, codes.text, codes.image_of)
    scores = alignment.decoder_cosine(image.W_dec, text.W_dec) if operator == "decoder" else r
    pairs = alignment.among_alive(scores, *living, assign)
    chosen: dict[str, Any] = {"map": operator, "cut": None}
    frame = alignment.matched(pairs, r, None)
    if cut:
        low, high = _chance(codes, living, data.generator("shuffled partners"))
        chosen |= {"chance": low, "chance/matches": high}
        cuts = sorted({*(low * multiple for multiple in STRICTER), max(low, high)})
        frames = [alignment.matched(pairs, r, value) for value in cuts]
        val = of_examples(image, data.val, "image"), of_examples(text, data.val, "text")
        recalls = [recall_at_1(*_aligned(frame, *val), data.val.pairs) for frame in frames]
        place = alignment.best(recalls)
        frame, chosen["cut"], chosen["val_r@1"] = frames[place], cuts[place], recalls[place]
    chosen["matches"] = int((frame.image_of >= 0).sum())
    return Paired(image, text, frame), chosen


def _chance(
    codes: Codes, living: tuple[Bool[np.ndarray, " m"], ...], generator: torch.Generator
) -> tuple[float, float]:
    """What entries, and what matches, reach when images get the captions of others."""
    partners = shuffled(codes.image_of, generator)
    noise = correlation(codes.image, codes.text, partners)
    entries = noise[np.ix_(*(np.flatnonzero(side) for side in living))]
    matches = noise[alignment.among_alive(noise, living[0], living[1])]
    return alignment.chance(entries), alignment.chance(matches)


def _aligned(
    frame: Matched, image: SparseCodes, text: SparseCodes
) -> tuple[SparseCodes, SparseCodes]:
    return frame.align(image, "image"), frame.align(text, "text")


def recall_at_1(image: SparseCodes, text: SparseCodes, pairs: Int[Tensor, "p 2"]) -> float:
    """Mean of both directions' R@1 by cosine; a tie at the top counts by its share of true ones."""
    left, right = _unit(image), _unit(text)
    both = pairs.cpu().numpy()
    return (_one_way(left, right, both) + _one_way(right, left, both[:, ::-1])) / 2


def _one_way(
    queries: sp.csr_array, candidates: sp.csr_array, pairs: Int[np.ndarray, "p 2"]
) -> float:
    """Mean over queries with a relevant candidate; 0 where there is none."""
    pairs = np.unique(pairs, axis=0)
    above, tied, relevant, *_ = stand(queries, candidates, pairs, 1)
    asked = np.unique(pairs[:, 0])
    hits = np.where(above == 0, relevant / np.maximum(tied, 1), 0.0)[asked]
    return float(hits.mean()) if len(hits) else 0.0


def _unit(codes: SparseCodes) -> sp.csr_array:
    matrix = codes.csr()
    norms = np.sqrt(matrix.power(2).sum(1))
    return sp.csr_array(
        matrix.multiply(np.where(norms > 0, 1 / np.maximum(norms, 1e-30), 0)[:, None])
    )
