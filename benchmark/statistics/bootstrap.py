"""Cluster bootstrap: every score of a task with its interval, from one set of draws."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from benchmark.statistics.distributions import t_quantile
from benchmark.statistics.intervals import bca, bootstrap_se, is_constant, linear_se, wilson
from benchmark.statistics.resampling import DRAWS, VALUE_DRAWS, blocks, draws_id, one_thread
from benchmark.statistics.units import Clustered, StoredUnits, Units, clustered, point_of

Sums = Float[np.ndarray, " k"]


@dataclass(frozen=True)
class Estimate:
    """A score with its interval. `low`, `high`, `se` are None where they are undefined.

    They are with a single cluster, or where over a tenth of the draws has no score (a ratio whose
    denominator is gone): nothing can be said then, and a zero width would say too much.
    """

    value: float
    low: float | None
    high: float | None
    se: float | None
    n: int
    """Units that count: a unit with numerator and denominator 0 does not."""
    n_clusters: int
    shape: str
    """Which interval it is: "bca", "wilson", "undefined", or "none" where none was asked for."""
    level: float = 0.95
    replicates: Float[np.ndarray, " b"] | None = field(default=None, repr=False, compare=False)


def estimate(
    units: Units, *, name: str = "score", level: float = 0.95, draws: int = DRAWS
) -> Estimate:
    """One score; see `estimates`."""
    return estimates({name: units}, level=level, draws=draws)[name]


def estimates(
    units: Mapping[str, Units],
    *,
    level: float = 0.95,
    draws: int = DRAWS,
    intervals: bool = True,
) -> dict[str, Estimate]:
    """Every score with its interval; metrics of equally many clusters share their draws.

    Deterministic: no seed is taken, the draws depend on the number of clusters alone. Without
    `intervals` only values are computed, for nulls whose draws make the range.
    Raises ValueError naming the metric for units that have no score (see `clustered`).
    """
    sums = {name: clustered(each, name) for name, each in units.items()}
    replicates = _replicates(units, sums, draws) if intervals else dict.fromkeys(units)
    return {
        name: _estimate(
            point_of(units[name], sums[name], name), replicates[name], sums[name], level
        )
        for name in units
    }


def stored(units: Units, estimate: Estimate) -> StoredUnits:
    """What a record keeps of a metric, so that two runs can be paired later."""
    if units.value is None or estimate.replicates is None:
        return StoredUnits(units.numerator, units.denominator, units.cluster)
    columns = (units.numerator, units.denominator, units.cluster)
    return StoredUnits(*columns, estimate.value, estimate.replicates, draws_id(estimate.n_clusters))


def restored(units: Mapping[str, StoredUnits], *, level: float = 0.95) -> dict[str, Estimate]:
    """Every score with its interval from what records keep: the numbers that were recorded.

    Raises ValueError like `estimates`, and for replicates that are of other draws than ours.
    """
    found = estimates({n: u for n, u in units.items() if u.replicates is None}, level=level)
    for name, each in units.items():
        if each.replicates is not None:
            sums = clustered(each, name)
            if each.draws_id != draws_id(int(sums.present.sum())):
                raise ValueError(f"{name}: its replicates are of draws that are not made here")
            found[name] = _estimate(point_of(each, sums, name), each.replicates, sums, level)
    return found


def _replicates(
    units: Mapping[str, Units], sums: Mapping[str, Clustered], draws: int
) -> dict[str, Float[np.ndarray, " b"]]:
    """The score under each draw, per metric; NaN where a draw has none."""
    found: dict[str, Float[np.ndarray, " b"]] = {}
    groups: dict[int, list[str]] = {}
    for name, each in units.items():
        if each.value is not None:
            found[name] = value_replicates(each, sums[name], min(draws, VALUE_DRAWS))
        else:
            groups.setdefault(int(sums[name].present.sum()), []).append(name)
    for names in groups.values():
        parts = [(sums[name], sums[name].present) for name in names]
        columns = [(s.numerator[kept], s.denominator[kept]) for s, kept in parts]
        found |= dict(zip(names, ratio_replicates(columns, draws), strict=True))
    return found


def ratio_replicates(columns: list[tuple[Sums, Sums]], draws: int) -> Float[np.ndarray, "m b"]:
    """Σ numerator / Σ denominator of m metrics over the same k clusters, under each draw."""
    stacked = np.stack([side for pair in columns for side in pair], axis=1)
    with one_thread():
        totals = np.concatenate([weights @ stacked for weights in blocks(len(stacked), draws)])
    below = totals[:, 1::2].T
    ratio = np.full(below.shape, np.nan)
    return np.divide(totals[:, 0::2].T, below, out=ratio, where=below != 0)


def value_replicates(units: Units, sums: Clustered, draws: int) -> Float[np.ndarray, " b"]:
    """`value(weights)` under each draw; every unit weighs what its cluster does."""
    assert units.value is not None
    values = [
        float(units.value(weights[sums.member]))
        for block in blocks(len(sums.numerator), draws)
        for weights in block
    ]
    return np.array(values)


def _estimate(
    value: float, replicates: Float[np.ndarray, " b"] | None, sums: Clustered, level: float
) -> Estimate:
    n, k = int(sums.n_units.sum()), int(sums.present.sum())
    if replicates is None:
        return Estimate(value, None, None, None, n, k, "none", level)
    finite = replicates[np.isfinite(replicates)]
    if k < 2 or len(finite) < 0.9 * len(replicates):
        return Estimate(value, None, None, None, n, k, "undefined", level, replicates)
    if is_constant(value, finite):
        se = 0.0
    else:
        se = linear_se(sums.influence[sums.present]) if sums.ratio else bootstrap_se(finite, k)
    if not sums.bounded:
        low, high = bca(value, finite, k, level)
        return Estimate(value, low, high, se, n, k, "bca", level, replicates)
    low, high = wilson(value, se, k, level)
    if value in (0.0, 1.0):
        se = (high - low) / (2 * t_quantile(k - 1, level))
    return Estimate(value, low, high, se, n, k, "wilson", level, replicates)
