"""What choosing a latent by its labels sees: one modality on some rows of a subject.

Everything that picks latents (transfer, correspondence, label-picked cosines) reads these tables
and nothing else, so a null that renames concepts or moves latents only has to reorder them.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from benchmark.alignment.coactivation import alive
from benchmark.contracts import MODALITIES, Modality, Subject
from benchmark.metrics.auc import auc

Where = Literal["train", "test", "first", "second"]
"""A split, or one of the two disjoint halves of the evaluated images with their captions."""
SIDE, COUNTS = "side", "concept counts"


@dataclass(frozen=True, eq=False)
class Side:
    """AUC of every aligned latent for every concept, and which latents may be chosen."""

    auc: Float[np.ndarray, "w c"]
    alive: Bool[np.ndarray, " w"]
    """By their firing on train, whatever rows the AUC is of."""

    def best(self) -> tuple[Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
        """The alive latent with the highest AUC per concept (lowest index at a tie), and its AUC.

        Where no latent is alive the first stands in with an AUC of one half.
        """
        return self._best

    @cached_property
    def _best(self) -> tuple[Int[np.ndarray, " c"], Float[np.ndarray, " c"]]:
        if not self.alive.any():
            n = self.auc.shape[1]
            return np.zeros(n, dtype=np.int64), np.full(n, 0.5)
        alive = np.flatnonzero(self.alive)
        table = self.auc.T[:, alive]  # a row a concept: far quicker to search than columns
        found = table.argmax(axis=1)
        return alive[found], table[np.arange(len(found)), found]

    def renamed(self, order: Int[np.ndarray, " c"]) -> Side:
        """Concept order[c] in the place of c."""
        found = Side(self.auc[:, order], self.alive)
        chosen, best = self._best
        found.__dict__["_best"] = chosen[order], best[order]
        return found

    def of(self, chosen: Int[np.ndarray, " c"]) -> Float[np.ndarray, " c"]:
        """AUC of one given latent per concept: one half where it never fires here."""
        return self.auc[chosen, np.arange(len(chosen))]


def side(subject: Subject, where: Where, modality: Modality) -> Side:
    """The side of a subject, computed once."""
    key = (SIDE, where, modality)
    if key not in subject.cache:
        split: Literal["train", "test"] = "train" if where == "train" else "test"
        codes = subject.codes(split, modality)
        labels = getattr(subject, split).labels(modality)
        if where in ("first", "second"):
            rows = half(subject, where, modality)
            codes, labels = codes[torch.from_numpy(rows)], labels[rows]
        subject.cache[key] = Side(auc(codes, labels), living(subject, modality))
    return subject.cache[key]


def living(subject: Subject, modality: Modality) -> Bool[np.ndarray, " w"]:
    """Aligned latents that are alive on train in this modality."""
    key = ("living", modality)
    if key not in subject.cache:
        subject.cache[key] = alive(subject.codes("train", modality))
    return subject.cache[key]


def half(subject: Subject, where: Where, modality: Modality) -> Int[np.ndarray, " r"]:
    """Rows of one half of the evaluated images, or of their captions; the same for all methods."""
    test = subject.test
    order = subject.rng("halves").permutation(test.n_images)
    first = np.zeros(test.n_images, dtype=bool)
    first[order[: test.n_images // 2]] = True
    chosen = first if where == "first" else ~first
    if modality == "image":
        return np.flatnonzero(chosen)
    return np.flatnonzero(chosen[test.caption_of.cpu().numpy()])


def counts(subject: Subject, where: Where, modality: Modality) -> Int[np.ndarray, "2 c"]:
    """Positives and negatives of each concept on these rows, counted once."""
    key = (COUNTS, where, modality)
    if key not in subject.cache:
        labels = getattr(subject, "train" if where == "train" else "test").labels(modality)
        if where in ("first", "second"):
            labels = labels[half(subject, where, modality)]
        positives = np.count_nonzero(labels, axis=0)
        subject.cache[key] = np.stack([positives, len(labels) - positives])
    return subject.cache[key]


def frequent(subject: Subject, where: tuple[Where, ...], least: int) -> Bool[np.ndarray, " c"]:
    """Concepts with that many positives and negatives everywhere: of the data, of no method."""
    found = [counts(subject, place, modality) for place in where for modality in MODALITIES]
    enough = np.stack(found).min(axis=(0, 1)) >= least
    return np.asarray(enough)
