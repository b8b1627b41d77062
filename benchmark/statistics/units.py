"""What a score is computed from: numbers per unit, checked, and summed within clusters."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from jaxtyping import Float, Int


class Units(Protocol):
    """One metric, unit by unit, as `benchmark.contracts.Units` has it; imported by nobody here."""

    @property
    def numerator(self) -> Float[np.ndarray, " u"]: ...
    @property
    def denominator(self) -> Float[np.ndarray, " u"] | None: ...
    @property
    def cluster(self) -> Int[np.ndarray, " u"] | None: ...
    @property
    def value(self) -> Callable[[Float[np.ndarray, " u"]], float] | None: ...


@dataclass(frozen=True, eq=False)
class StoredUnits:
    """Units as a record keeps them: a function cannot be kept, what it gave under each draw can.

    `point` and `replicates` are set where the score is no ratio of sums; `draws_id` tells under
    which draws, so that only replicates of the same draws are ever paired.
    """

    numerator: Float[np.ndarray, " u"]
    denominator: Float[np.ndarray, " u"] | None = None
    cluster: Int[np.ndarray, " u"] | None = None
    point: float | None = None
    replicates: Float[np.ndarray, " b"] | None = None
    draws_id: int | None = None
    value: None = None


@dataclass(frozen=True, eq=False)
class Clustered:
    """Sums of numerators and denominators per cluster: all that resampling a ratio needs."""

    numerator: Float[np.ndarray, " k"]
    denominator: Float[np.ndarray, " k"]
    n_units: Int[np.ndarray, " k"]
    """Units that count: those whose numerator or denominator is not 0."""
    member: Int[np.ndarray, " u"]
    ratio: bool
    """The score is Σ numerator / Σ denominator, and no function of weights."""
    bounded: bool
    """Every unit lies in [0, 1] and weighs 1 (or 0): the score is a proportion."""

    @property
    def present(self) -> np.ndarray:
        """Clusters that can move the score; the others (no eligible unit) are never drawn."""
        return self.n_units > 0

    @property
    def influence(self) -> Float[np.ndarray, " k"]:
        """How much each cluster pulls the ratio away from its value; they add up to 0."""
        total = self.denominator.sum()
        return (self.numerator - self.numerator.sum() / total * self.denominator) / total


def point_value(units: Units, name: str = "score") -> float:
    """The score alone, without an interval. Raises ValueError like `clustered`."""
    return point_of(units, clustered(units, name), name)


def point_of(units: Units, sums: Clustered, name: str) -> float:
    """`point_value` of units that are already summed."""
    stored = getattr(units, "point", None)
    if stored is not None:
        return float(stored)
    if units.value is not None:
        value = float(units.value(np.ones(len(sums.member))))
    else:
        value = float(sums.numerator.sum() / sums.denominator.sum())
    if not np.isfinite(value):
        raise ValueError(f"{name} is {value} over {len(sums.member)} units: wanted a finite number")
    return value


def clustered(units: Units, name: str = "score") -> Clustered:
    """Units summed per cluster, clusters in ascending order of their label.

    Raises ValueError for no units, columns of unequal length, numbers that are not finite and
    denominators that add up to 0: none of them has a score.
    """
    numerator = _column(units.numerator, name, "numerator")
    n = len(numerator)
    given = units.denominator is not None
    denominator = _column(units.denominator, name, "denominator", n) if given else np.ones(n)
    is_ratio = units.value is None and getattr(units, "point", None) is None
    if is_ratio and denominator.sum() == 0:
        raise ValueError(f"{name}: the denominators of {n} units add up to 0: nothing was eligible")
    member, k = _members(units.cluster, n, name)
    counts = (numerator != 0) | (denominator != 0) if is_ratio else np.ones(n, bool)
    whole = is_ratio and np.isin(denominator, (0.0, 1.0)).all()
    return Clustered(
        np.bincount(member, numerator, k),
        np.bincount(member, denominator, k),
        np.bincount(member, counts, k).astype(np.int64),
        member,
        is_ratio,
        bool(whole and (numerator >= 0).all() and (numerator <= denominator).all()),
    )


def _column(values: Any, name: str, what: str, n: int | None = None) -> Float[np.ndarray, " u"]:
    column = np.asarray(values, dtype=np.float64)
    if column.ndim != 1 or (n is not None and len(column) != n):
        wanted = "one number per unit" if n is None else f"{n} numbers, one per unit"
        raise ValueError(f"{name}: {what} has shape {column.shape}, wanted {wanted}")
    if not len(column):
        raise ValueError(f"{name} has no units: an empty score is not 0, it is no score")
    bad = np.flatnonzero(~np.isfinite(column))
    if len(bad):
        raise ValueError(
            f"{name}: {what} of unit {bad[0]} is {column[bad[0]]} ({len(bad)} of {len(column)} are "
            f"not finite): wanted finite numbers"
        )
    return column


def _members(cluster: Any, n: int, name: str) -> tuple[Int[np.ndarray, " u"], int]:
    """Index of each unit's cluster among the sorted labels, and the number of clusters."""
    if cluster is None:
        return np.arange(n), n
    labels = np.asarray(cluster)
    if labels.shape != (n,) or labels.dtype.kind not in "iu":
        raise ValueError(
            f"{name}: cluster is {labels.dtype}{list(labels.shape)}, wanted {n} integers"
        )
    found, member = np.unique(labels, return_inverse=True)
    return member, len(found)
