"""Purity of latents and spread of concepts: how far the two go one to one, counted on labels.

Both are shares and counts of firing rows, so neither knows how strongly a latent fires.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from benchmark.contracts import SparseCodes
from benchmark.metrics.matching import strongest
from benchmark.metrics.naming import Firing, counted, share


@dataclass(frozen=True, eq=False)
class Purity:
    """Per latent, for one concept that it has been given."""

    share: Float[np.ndarray, " w"]
    """Share of the rows on which it fires that have the concept; 0 where it is silent."""
    base: Float[np.ndarray, " w"]
    """Share of all rows that have it."""


def commonest(firing: Firing, labels: Bool[np.ndarray, "n c"]) -> Int[np.ndarray, " w"]:
    """The concept whose share of a latent's rows is farthest above its share of all rows.

    Chosen on train, so that it is no best of many where purity is read.
    """
    seen = counted(firing, labels)
    over = share(seen.both, seen.fires[:, None]) - seen.asserted / seen.n
    return over.argmax(axis=1)


def purity(
    firing: Firing, labels: Bool[np.ndarray, "n c"], concept: Int[np.ndarray, " w"]
) -> Purity:
    """How pure latents are of the concepts that they have been given."""
    held = counted(firing, labels)
    met = held.both[np.arange(len(concept)), concept]
    return Purity(share(met, held.fires), held.asserted[concept] / held.n)


def spread(codes: SparseCodes, labels: Bool[np.ndarray, "n c"]) -> Int[np.ndarray, " c"]:
    """How many different latents are the strongest on some row that has each concept."""
    width = codes.width
    top = strongest(codes, np.ones(width), np.ones(width, dtype=bool), 1)[:, 0]
    rows = np.flatnonzero(top >= 0)
    marks = sp.csr_array((np.ones(len(rows)), (top[rows], rows)), shape=(width, len(labels)))
    met = marks @ sp.csr_array(labels.astype(np.float64))
    return np.asarray((met > 0).sum(0)).ravel().astype(np.int64)
