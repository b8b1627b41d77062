"""From bootstrap replicates to an interval and a p-value that agree with each other.

Two shapes, chosen by what the units are and not by what looks best:

- bias-corrected and accelerated (BCa), its normal quantiles widened to √(K/(K−1))·t(K−1), because
  a plain bootstrap of K clusters is too narrow by both factors;
- for proportions a Wilson interval at the effective sample size p(1−p)/se², se cluster-robust:
  near 0 and 1 every bootstrap interval collapses, at 0 and 1 to a point.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmark.statistics.distributions import (
    normal_cdf,
    normal_quantile,
    t_quantile,
    t_two_sided,
)

Replicates = Float[np.ndarray, " b"]


def linear_se(influence: Float[np.ndarray, " k"]) -> float:
    """Cluster-robust standard error of a ratio; s/√n for a mean of n units."""
    k = len(influence)
    return float(np.sqrt(k / (k - 1) * (influence**2).sum()))


def bootstrap_se(replicates: Replicates, n_clusters: int) -> float:
    """Standard error of anything else; the spread over draws is too small by √((K−1)/K)."""
    return float(replicates.std() * np.sqrt(n_clusters / (n_clusters - 1)))


def is_constant(value: float, replicates: Replicates) -> bool:
    """Whether no draw moves the score by more than rounding."""
    return bool(np.abs(replicates - value).max() <= _rounding(value, replicates))


def bca(value: float, replicates: Replicates, n_clusters: int, level: float) -> tuple[float, float]:
    """Expanded BCa interval of one score; it always holds the value itself."""
    if is_constant(value, replicates):
        return value, value
    z0, a = _correction(value, replicates)
    reach = np.sqrt(n_clusters / (n_clusters - 1)) * t_quantile(n_clusters - 1, level)
    low, high = np.quantile(replicates, [_share(z0, a, -reach), _share(z0, a, reach)])
    return min(float(low), value), max(float(high), value)


def bca_p(value: float, replicates: Replicates, n_clusters: int) -> float:
    """Two-sided p for "the score is 0": the level at which the interval of `bca` touches 0.

    Never below one in the number of draws: more they cannot tell.
    """
    rounding = _rounding(value, replicates)
    floor = 1 / len(replicates)
    if is_constant(value, replicates):
        return 1.0 if abs(value) <= rounding else max(floor, 2.0 ** (1 - n_clusters))
    z0, a = _correction(value, replicates)
    y = normal_quantile(_share_below(0.0, replicates, rounding)) - z0
    scale = max(1 + a * y, 1e-3)
    reach = abs(y / scale - z0) / np.sqrt(n_clusters / (n_clusters - 1))
    return max(floor, t_two_sided(n_clusters - 1, reach))


def wilson(value: float, se: float, n_clusters: int, level: float) -> tuple[float, float]:
    """Wilson interval of a proportion; where all units agree the clusters are the sample size."""
    t = t_quantile(n_clusters - 1, level)
    at_edge = value in (0.0, 1.0)
    if se == 0 and not at_edge:
        return value, value
    n = n_clusters if at_edge else value * (1 - value) / se**2
    centre = (value + t**2 / (2 * n)) / (1 + t**2 / n)
    half = t / (1 + t**2 / n) * np.sqrt(value * (1 - value) / n + t**2 / (4 * n**2))
    return max(0.0, min(float(centre - half), value)), min(1.0, max(float(centre + half), value))


def _rounding(value: float, replicates: Replicates) -> float:
    return 1e-12 * (abs(value) + float(np.abs(replicates).max()))


def _share_below(value: float, replicates: Replicates, rounding: float) -> float:
    """Share of draws under the value, ties half, kept off 0 and 1 by half a draw."""
    under = (replicates < value - rounding).mean() + (replicates <= value + rounding).mean()
    return float(np.clip(under / 2, 0.5 / len(replicates), 1 - 0.5 / len(replicates)))


def _correction(value: float, replicates: Replicates) -> tuple[float, float]:
    """Bias z0 and acceleration a (a sixth of the skewness: exact for a mean; Efron 1987)."""
    z0 = normal_quantile(_share_below(value, replicates, _rounding(value, replicates)))
    centred = replicates - replicates.mean()
    return z0, float((centred**3).mean() / (6 * replicates.std() ** 3))


def _share(z0: float, a: float, z: float) -> float:
    """Share of the replicates that BCa puts below the quantile z."""
    scale = 1 - a * (z0 + z)
    if scale <= 0:
        return 1.0 if z0 + z > 0 else 0.0
    return normal_cdf(z0 + (z0 + z) / scale)
