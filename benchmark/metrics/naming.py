"""Names of latents from text alone: the concept that a latent's firing on captions says best.

A latent's name is the vocabulary concept with the best F0.5 of its firing on train captions, kept
if precision >= .5 and lift >= 5 on val. Only how often latent and concept go together is counted,
in whole numbers: one sparse product a split, and thresholds and ties that no rounding can move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from benchmark.contracts import Modality, SparseCodes, Split, Subject

PRECISION, LIFT = 0.5, 5
UNNAMED = -1
NAMES = ("names",)
BY_LABELS = ("names by labels",)
SPLITS: tuple[Split, Split] = ("train", "val")
COLUMNS = 64
"""Latents of a dense code that are counted at a time."""

Firing: TypeAlias = SparseCodes | sp.csr_array | np.ndarray
"""Which latent fires on which caption [n, w]: wherever a value is not 0, whatever its sign."""


@dataclass(frozen=True, eq=False)
class Names:
    """What each latent is called, and what speaks for it; shares are 0 where nothing was counted.

    All but `concept` speak of `best`, the concept with the highest F0.5 on train (the lowest index
    at a tie), also where val did not keep it. Both are -1 for a latent without any.
    """

    concept: Int[np.ndarray, " w"]
    """Index of the concept that the latent is named after, -1 for none."""
    best: Int[np.ndarray, " w"]
    f_half: Float[np.ndarray, " w"]
    """F0.5 = 1.25 P R / (.25 P + R) on train: precision P counts more than recall R."""
    precision: Float[np.ndarray, " w"]
    """Share of the train captions that the latent fires on which assert the concept."""
    recall: Float[np.ndarray, " w"]
    """Share of the train captions that assert the concept which the latent fires on."""
    val_precision: Float[np.ndarray, " w"]
    val_lift: Float[np.ndarray, " w"]
    """Precision on val over the share of val captions that assert the concept."""
    fires: Int[np.ndarray, " w"]
    """Train captions that the latent fires on."""
    hits: Int[np.ndarray, " w"]
    """Those of them that assert the concept."""
    val_fires: Int[np.ndarray, " w"]
    val_hits: Int[np.ndarray, " w"]

    @property
    def named(self) -> Bool[np.ndarray, " w"]:
        """Latents that have a name."""
        return self.concept != UNNAMED


def names_of(subject: Subject) -> Names:
    """Names of the aligned latents of a subject, from train and val captions; computed once."""
    if NAMES not in subject.cache:
        subject.cache[NAMES] = _names(subject, "text")
    return subject.cache[NAMES]


def names_by_labels(subject: Subject) -> Names:
    """Names by the same rule from labels of pictures: supervised, and open to every dictionary."""
    if BY_LABELS not in subject.cache:
        subject.cache[BY_LABELS] = _names(subject, "image")
    return subject.cache[BY_LABELS]


def _names(subject: Subject, modality: Modality) -> Names:
    codes = [subject.codes(split, modality) for split in SPLITS]
    labels = [getattr(subject, split).labels(modality) for split in SPLITS]
    return named(codes[0], labels[0], codes[1], labels[1])


@dataclass(frozen=True, eq=False)
class Counts:
    """On how many of n captions a latent fires, a concept is asserted, and both."""

    n: int
    both: Int[np.ndarray, "w c"]
    fires: Int[np.ndarray, " w"]
    asserted: Int[np.ndarray, " c"]


def named(
    train: Firing,
    train_labels: Bool[np.ndarray, "n_t c"],
    val: Firing,
    val_labels: Bool[np.ndarray, "n_v c"],
) -> Names:
    """Names from captions: codes in the aligned frame, and the concepts that captions assert.

    Raises ValueError where rows, latents or concepts of codes and labels do not fit.
    """
    seen, held = counted(train, train_labels), counted(val, val_labels)
    if seen.both.shape != held.both.shape:
        shapes = f"{list(seen.both.shape)} on train and {list(held.both.shape)} on val"
        raise ValueError(f"found [latents, concepts] {shapes}, wanted the same on both")
    return decided(seen, held)


def decided(train: Counts, val: Counts) -> Names:
    """The best concept of each latent on train, kept where val agrees.

    F0.5 = 1.25 hits / (1.25 hits + .25 misses + false alarms) = 5 hits / (asserted + 4 fires).
    """
    f_half = share(5 * train.both, train.asserted + 4 * train.fires[:, None])
    best = f_half.argmax(axis=1)
    place = np.arange(len(best)), best
    hits = train.both[place]
    val_hits = np.where(hits > 0, val.both[place], 0)
    asserted = val.asserted[best]
    kept = lasting(val.n, val_hits, val.fires, asserted)
    return Names(
        concept=np.where(kept, best, UNNAMED),
        best=np.where(hits > 0, best, UNNAMED),
        f_half=f_half[place],
        precision=share(hits, train.fires),
        recall=share(hits, train.asserted[best]),
        val_precision=share(val_hits, val.fires),
        val_lift=share(val_hits * val.n, val.fires * asserted),
        fires=train.fires,
        hits=hits,
        val_fires=val.fires,
        val_hits=val_hits,
    )


def lasting(
    n: int,
    hits: Int[np.ndarray, " w"],
    fires: Int[np.ndarray, " w"],
    asserted: Int[np.ndarray, " w"],
) -> Bool[np.ndarray, " w"]:
    """Precision hits / fires >= .5 and lift precision / (asserted / n) >= 5, without a division.

    Never of a latent that does not fire or a concept that is not asserted.
    """
    precise = hits >= PRECISION * fires
    return (hits > 0) & precise & (hits * n >= LIFT * fires * asserted)


def counted(firing: Firing, labels: Bool[np.ndarray, "n c"]) -> Counts:
    """How often latents and concepts go together. Raises ValueError where rows do not fit."""
    rows = len(firing) if isinstance(firing, SparseCodes) else firing.shape[0]
    if rows != len(labels) or not labels.shape[1]:
        found = f"codes of {rows} captions and labels {list(labels.shape)}"
        raise ValueError(f"found {found}, wanted a row each and at least one concept")
    both, fires = together(firing, labels)
    return Counts(rows, both, fires, labels.sum(0, dtype=np.int64))


def together(
    firing: Firing, labels: Bool[np.ndarray, "n c"]
) -> tuple[Int[np.ndarray, "w c"], Int[np.ndarray, " w"]]:
    """Captions on which a latent fires and a concept is asserted, and those on which it fires."""
    if isinstance(firing, SparseCodes) and firing.indices is None:
        values = firing.values.detach().cpu().numpy()
        asserted = labels.astype(np.float32)
        blocks = [values[:, i : i + COLUMNS] != 0 for i in range(0, firing.width, COLUMNS)]
        both = np.concatenate([block.T.astype(np.float32) @ asserted for block in blocks])
        return both.astype(np.int64), np.concatenate([block.sum(0) for block in blocks])
    matrix = firing.csr() if isinstance(firing, SparseCodes) else firing
    row, column = matrix.nonzero()
    shape = matrix.shape[::-1]
    fired = sp.csr_array((np.ones(len(row), dtype=np.int64), (column, row)), shape=shape)
    both = (fired @ marks(labels)).toarray()
    return both, np.bincount(column, minlength=shape[0])


def marks(labels: Bool[np.ndarray, "n c"]) -> sp.csr_array:
    """Labels as ones of a sparse matrix."""
    place = np.flatnonzero(labels)  # far quicker than places in two dimensions
    row, column = np.divmod(place, labels.shape[1])
    starts = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(labels)))])
    return sp.csr_array((np.ones(len(column), np.int64), column, starts), shape=labels.shape)


def share(part: np.ndarray, whole: np.ndarray) -> Float[np.ndarray, "..."]:
    """part / whole, 0 where the whole is 0."""
    return np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
