"""Two methods on the same units: the difference, resampled with the same draws for both."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from benchmark.statistics.distributions import t_quantile
from benchmark.statistics.intervals import bca, bca_p, bootstrap_se, is_constant, wilson
from benchmark.statistics.resampling import DRAWS, VALUE_DRAWS, draws_id
from benchmark.statistics.sides import Side, ratios_resampled, side
from benchmark.statistics.units import Units

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


class UnpairedError(ValueError):
    """Why two sides make no pairs; `code` names the kind of reason for tables."""

    def __init__(self, code: str, says: str) -> None:
        super().__init__(says)
        self.code = code


def paired(
    a: Units, b: Units, *, name: str = "score", level: float = 0.95, draws: int = DRAWS
) -> Difference:
    """The difference a − b with a cluster-bootstrap interval and the p-value that agrees with it.

    Raises ValueError where the units are not the same: other number, other clusters, other draws.
    """
    sides = side(a, f"{name} (first)"), side(b, f"{name} (second)")
    return paired_sides(*sides, name=name, level=level, draws=draws)


def paired_sides(
    a: Side, b: Side, *, name: str = "score", level: float = 0.95, draws: int = DRAWS
) -> Difference:
    """`paired` of units that are already summed; what was drawn of a side is used again."""
    check_same(a, b, name)
    kept = a.sums.present | b.sums.present
    value, n, k = a.value - b.value, _count(a, b), int(kept.sum())
    replicates = _difference_replicates(a, b, kept, draws)
    finite = replicates[np.isfinite(replicates)]
    if k < 2 or len(finite) < 0.9 * len(replicates):
        return Difference(value, None, None, None, None, n, k)
    p = bca_p(value, finite, k)
    if is_constant(value, finite):
        low, high = _constant_interval(a, b, k, level)
        se = max(value - low, high - value) / t_quantile(k - 1, level)
        return Difference(value, low, high, se, p, n, k)
    low, high = bca(value, finite, k, level)
    return Difference(value, low, high, _se(a, b, k, finite), p, n, k)


def error_alone(a: Side, b: Side, *, name: str = "score", draws: int = DRAWS) -> Difference | None:
    """Value and standard error as `paired_sides` has them, without interval and p.

    Enough where seeds are joined, and cheap: ratios of sums are not resampled at all. None where
    that is not the whole answer: draws without a score, a difference that no draw may move.
    """
    check_same(a, b, name)
    value, k = a.value - b.value, int((a.sums.present | b.sums.present).sum())
    if a.sums.ratio and b.sums.ratio:
        se = linear_se_of(a, b, k) if a.sure and b.sure else 0.0
        told = se > 1e-8 * (abs(a.value) + abs(b.value))
    else:
        replicates = _difference_replicates(a, b, a.sums.present | b.sums.present, draws)
        se = bootstrap_se(replicates, max(k, 2))
        told = k >= 2 and bool(np.isfinite(se)) and not is_constant(value, replicates)
    return Difference(value, None, None, se, None, _count(a, b), k) if told else None


def linear_se_of(a: Side, b: Side, k: int) -> float:
    """`linear_se` over the k clusters that count; those that do not have no influence."""
    apart = a.influence - b.influence
    return float(np.sqrt(k / (k - 1) * (apart**2).sum()))


def _count(a: Side, b: Side) -> int:
    return int(np.maximum(a.sums.n_units, b.sums.n_units).sum())


def _se(a: Side, b: Side, k: int, replicates: Replicates) -> float:
    return linear_se_of(a, b, k) if a.sums.ratio and b.sums.ratio else bootstrap_se(replicates, k)


def check_same(a: Side, b: Side, name: str) -> None:
    """Raises UnpairedError where the units are not the same, or stored under other draws."""
    first, second = len(a.sums.member), len(b.sums.member)
    if first != second:
        raise UnpairedError(
            "units",
            f"{name}: {first} units against {second}, wanted the same ones: was one run limited?",
        )
    if not np.array_equal(a.labels, b.labels):
        where = int(np.flatnonzero(a.labels != b.labels)[0])
        raise UnpairedError(
            "clusters",
            f"{name}: unit {where} belongs to cluster {a.labels[where]} and {b.labels[where]}, "
            f"wanted the same units on both sides",
        )
    made_under = {getattr(each.units, "draws_id", None) for each in (a, b)} - {None}
    if made_under and made_under - {draws_id(len(a.sums.numerator))}:
        raise UnpairedError(
            "draws",
            f"{name}: stored under other bootstrap draws (another numpy?), so it cannot be paired: "
            f"run both again",
        )


def _difference_replicates(a: Side, b: Side, kept: np.ndarray, draws: int) -> Replicates:
    """Difference under each draw. A side that is no ratio sets the draws: all clusters, fewer."""
    if a.sums.ratio and b.sums.ratio:
        first, second = ratios_resampled((a, b), kept, draws)
        return first - second
    few = min(draws, VALUE_DRAWS)
    first, second = a.resampled(few), b.resampled(few)
    common = min(len(first), len(second))
    return first[:common] - second[:common]


def _constant_interval(a: Side, b: Side, k: int, level: float) -> tuple[float, float]:
    """Interval of a difference that no draw moves.

    Two proportions that differ on every unit (1 against 0) get Newcombe's square-and-add of their
    Wilson intervals; anything else is a difference that is the same everywhere: a point.
    """
    apart = a.value - b.value
    if apart == 0 or not (a.sums.bounded and b.sums.bounded):
        return apart, apart
    (a_low, a_high), (b_low, b_high) = (wilson(each.value, 0.0, k, level) for each in (a, b))
    low = apart - np.hypot(a.value - a_low, b_high - b.value)
    high = apart + np.hypot(a_high - a.value, b.value - b_low)
    return float(low), float(high)
