"""Two methods on the same units: the difference, resampled with the same draws for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from benchmark.statistics.bootstrap import ratio_replicates, value_replicates
from benchmark.statistics.distributions import t_quantile
from benchmark.statistics.intervals import bca, bca_p, bootstrap_se, is_constant, linear_se, wilson
from benchmark.statistics.resampling import DRAWS, VALUE_DRAWS, draws_id
from benchmark.statistics.units import Clustered, Units, clustered, point_of

Replicates = Float[np.ndarray, " b"]


@dataclass(frozen=True)
class Difference:
    """a − b on the same units. Interval, se and p are None where an `Estimate` has none."""

    value: float
    low: float | None
    high: float | None
    se: float | None
    p: float | None
    """Two-sided, at least one in the number of draws."""
    n: int
    n_clusters: int


def paired(
    a: Units, b: Units, *, name: str = "score", level: float = 0.95, draws: int = DRAWS
) -> Difference:
    """The difference a − b with a cluster-bootstrap interval and the p-value that agrees with it.

    Raises ValueError where the units are not the same: other number, other clusters, other draws.
    """
    sums = clustered(a, f"{name} (first)"), clustered(b, f"{name} (second)")
    _check_same(a, b, sums, name)
    kept = sums[0].present | sums[1].present
    values = [point_of(each, s, name) for each, s in zip((a, b), sums, strict=True)]
    value = values[0] - values[1]
    n, k = int(np.maximum(sums[0].n_units, sums[1].n_units).sum()), int(kept.sum())
    replicates = _difference_replicates((a, b), sums, kept, draws)
    finite = replicates[np.isfinite(replicates)]
    if k < 2 or len(finite) < 0.9 * len(replicates):
        return Difference(value, None, None, None, None, n, k)
    p = bca_p(value, finite, k)
    if is_constant(value, finite):
        low, high = _constant_interval(values, sums, k, level)
        se = max(value - low, high - value) / t_quantile(k - 1, level)
        return Difference(value, low, high, se, p, n, k)
    low, high = bca(value, finite, k, level)
    return Difference(value, low, high, _se(sums, kept, finite), p, n, k)


def _se(sums: tuple[Clustered, Clustered], kept: np.ndarray, replicates: Replicates) -> float:
    a, b = sums
    if a.ratio and b.ratio:
        return linear_se((a.influence - b.influence)[kept])
    return bootstrap_se(replicates, int(kept.sum()))


def _check_same(a: Units, b: Units, sums: tuple[Clustered, Clustered], name: str) -> None:
    first, second = (len(s.member) for s in sums)
    if first != second:
        raise ValueError(
            f"{name}: {first} units against {second}, wanted the same ones: was one run limited?"
        )
    labels = [np.arange(first) if u.cluster is None else np.asarray(u.cluster) for u in (a, b)]
    if not np.array_equal(labels[0], labels[1]):
        where = int(np.flatnonzero(labels[0] != labels[1])[0])
        raise ValueError(
            f"{name}: unit {where} belongs to cluster {labels[0][where]} and {labels[1][where]}, "
            f"wanted the same units on both sides"
        )
    made_under = {getattr(u, "draws_id", None) for u in (a, b)} - {None}
    if made_under - {draws_id(len(sums[0].numerator))}:
        raise ValueError(
            f"{name}: stored under other bootstrap draws (another numpy?), so it cannot be paired: "
            f"run both again"
        )


def _difference_replicates(
    units: tuple[Units, Units],
    sums: tuple[Clustered, Clustered],
    kept: np.ndarray,
    draws: int,
) -> Replicates:
    """Difference under each draw. A side that is no ratio sets the draws: all clusters, fewer."""
    if all(each.ratio for each in sums):
        columns = [(s.numerator[kept], s.denominator[kept]) for s in sums]
        first, second = ratio_replicates(columns, draws)
        return first - second
    few = min(draws, VALUE_DRAWS)
    first, second = (_one_side(each, s, few) for each, s in zip(units, sums, strict=True))
    common = min(len(first), len(second))
    return first[:common] - second[:common]


def _one_side(units: Units, sums: Clustered, draws: int) -> Replicates:
    kept = getattr(units, "replicates", None)
    if kept is not None:
        return np.asarray(kept, dtype=np.float64)
    if units.value is not None:
        return value_replicates(units, sums, draws)
    return ratio_replicates([(sums.numerator, sums.denominator)], draws)[0]


def _constant_interval(
    values: list[float], sums: tuple[Clustered, Clustered], k: int, level: float
) -> tuple[float, float]:
    """Interval of a difference that no draw moves.

    Two proportions that differ on every unit (1 against 0) get Newcombe's square-and-add of their
    Wilson intervals; anything else is a difference that is the same everywhere: a point.
    """
    a, b = values
    if a == b or not all(s.bounded for s in sums):
        return a - b, a - b
    (a_low, a_high), (b_low, b_high) = (wilson(v, 0.0, k, level) for v in values)
    low = a - b - np.hypot(a - a_low, b_high - b)
    high = a - b + np.hypot(a_high - a, b - b_low)
    return float(low), float(high)
