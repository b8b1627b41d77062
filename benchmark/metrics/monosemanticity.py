"""Monosemanticity: how alike the rows are on which a latent fires, by what is known of them.

    MS_j = Σ_{n<m} ã_nj ã_mj S_nm / Σ_{n<m} ã_nj ã_mj

(Pach et al., arXiv 2504.02821), ã the activation less its minimum over the rows: their division by
the range cancels. S is not taken from an encoder here but is the cosine of attribute vectors u,
which are true of the data whatever any model makes of them. For such an S

    Σ_{n≠m} ã_n ã_m S_nm = ‖Σ_n ã_n u_n‖² - Σ_n ã_n² ‖u_n‖²

and no n × n matrix is needed. Captions of one picture are one observation told several times:
they are no pairs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float, Int

from benchmark.metrics.naming import marks

ROUNDING = 1e-12
"""Pairs that weigh less than this share of all activation squared are no pairs."""
STEADY = 1e-6
"""Activations whose range is below this share of the largest are one and the same."""
Matrix: TypeAlias = Any
"""A matrix, sparse or written out."""
COLUMNS = 64
"""Latents that are written out at a time, where silence is not their least value."""


@dataclass(frozen=True, eq=False)
class Attributes:
    """What is known of rows: unit vectors, zeros where nothing is, and whose row each is."""

    unit: sp.csr_array
    """[n, c]"""
    owner: Int[np.ndarray, " n"]
    """Picture that each row belongs to."""

    def siblings(self) -> Iterator[tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]]]:
        """Every two rows of one picture, once, a batch of at most n at a time."""
        order = np.argsort(self.owner, kind="stable")
        for shift in range(1, int(np.bincount(self.owner).max(initial=0))):
            left, right = order[:-shift], order[shift:]
            same = self.owner[left] == self.owner[right]
            yield left[same], right[same]


def rarity(labels: Bool[np.ndarray, "n c"]) -> Float[np.ndarray, " c"]:
    """log((1 + n) / (1 + rows with the concept)): 0 for what every row has."""
    return np.log((1 + len(labels)) / (1 + labels.sum(0)))


def attributes(
    labels: Bool[np.ndarray, "n c"],
    owner: Int[np.ndarray, " n"],
    weights: Float[np.ndarray, " c"] | None = None,
) -> Attributes:
    """Labels as unit vectors, each concept with its weight; zeros where none weighs anything."""
    has = marks(labels)
    each = np.ones(labels.shape[1]) if weights is None else weights
    rows = sp.csr_array((each[has.indices], has.indices, has.indptr), shape=has.shape)
    norms = np.repeat(np.sqrt(rows.power(2).sum(axis=1)), np.diff(rows.indptr))
    rows.data = rows.data / np.where(norms > 0, norms, 1.0)
    return Attributes(rows, owner)


@dataclass(frozen=True, eq=False)
class Likeness:
    """Per latent: similarity summed over the pairs it weighs, their weight, and where it fires."""

    similar: Float[np.ndarray, " w"]
    pairs: Float[np.ndarray, " w"]
    fires: Int[np.ndarray, " w"]
    pictures: Int[np.ndarray, " w"]
    """Different pictures that it fires for."""

    @property
    def score(self) -> Float[np.ndarray, " w"]:
        """MS of each latent; 0 for one without a pair, which `paired` tells apart."""
        return np.divide(
            self.similar, self.pairs, out=np.zeros(len(self.pairs)), where=self.pairs > 0
        )

    def paired(self, least: int) -> Bool[np.ndarray, " w"]:
        """Latents that fire for that many different pictures, and have a pair that weighs."""
        return (self.pictures >= least) & (self.pairs > 0)


def likeness(z: sp.csr_array, known: Attributes) -> Likeness:
    """Sums for every latent of some codes. Raises ValueError where rows are unequal."""
    n = known.unit.shape[0]
    if z.shape[0] != n:
        raise ValueError(f"{n} rows of attributes for {z.shape[0]} codes, wanted one each")
    columns = z.tocsc()
    low = columns.min(axis=0).toarray().ravel()
    similar, pairs = np.zeros(len(low)), np.zeros(len(low))
    silent, shifted = np.flatnonzero(low == 0), np.flatnonzero(low)
    if len(silent):
        least = z if not len(shifted) else columns[:, silent].tocsr()
        similar[silent], pairs[silent] = pair_sums(least, known)
    for start in range(0, len(shifted), COLUMNS):
        part = shifted[start : start + COLUMNS]
        similar[part], pairs[part] = pair_sums(_raised(columns[:, part]), known)
    return Likeness(similar, pairs, np.diff(columns.indptr), _pictures(z, known.owner))


def pair_sums(
    a: Matrix, known: Attributes
) -> tuple[Float[np.ndarray, " w"], Float[np.ndarray, " w"]]:
    """Σ a_n a_m S_nm and Σ a_n a_m over pairs of rows of different pictures, per column of a."""
    square, met = _squared(a), _squared(a.T @ known.unit)
    similar = np.asarray(met.sum(axis=1)) - square.T @ _squared(known.unit).sum(axis=1)
    whole = np.asarray(a.sum(0)) ** 2
    pairs = whole - np.asarray(square.sum(0))
    for left, right in known.siblings():
        one, other = a[left], a[right]
        both = one * other if isinstance(one, np.ndarray) else one.multiply(other).tocsr()
        similar -= 2 * (both.T @ known.unit[left].multiply(known.unit[right]).sum(axis=1))
        pairs -= 2 * np.asarray(both.sum(0))
    real = pairs > ROUNDING * whole
    return np.where(real, similar, 0.0) / 2, np.where(real, pairs, 0.0) / 2


def _squared(m: Matrix) -> Matrix:
    """Every entry squared; `power` would sort what a product leaves in any order."""
    if isinstance(m, np.ndarray):
        return m**2
    squared = m.copy()
    squared.data **= 2
    return squared


def any_two(known: Attributes) -> float:
    """Mean similarity of two rows of different pictures: what a latent that is always on scores."""
    similar, pairs = pair_sums(sp.csr_array(np.ones((known.unit.shape[0], 1))), known)
    return float(similar[0] / pairs[0]) if pairs[0] > 0 else 0.0


def _raised(columns: sp.csc_array) -> Float[np.ndarray, "n w"]:
    """Activations less their minimum; where they hardly vary all rows count alike."""
    dense = columns.toarray()
    most = np.abs(dense).max(0)
    dense -= dense.min(0)
    return np.where(dense.max(0) > STEADY * most, dense, 1.0)


def _pictures(z: sp.csr_array, owner: Int[np.ndarray, " n"]) -> Int[np.ndarray, " w"]:
    """Different pictures on whose rows each latent fires."""
    n = len(owner)
    shape = (int(owner.max(initial=-1)) + 1, n)
    whose = sp.csr_array((np.ones(n), (owner, np.arange(n))), shape=shape)
    fires = sp.csr_array((np.ones(z.nnz), z.indices, z.indptr), shape=z.shape)
    return np.bincount((whose @ fires).indices, minlength=z.shape[1])
