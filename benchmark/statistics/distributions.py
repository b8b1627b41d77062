"""Normal and Student distributions of single numbers, without a slow import at start."""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

NORMAL = NormalDist()


def normal_cdf(z: float) -> float:
    """Share of a standard normal below z."""
    return NORMAL.cdf(z)


def normal_quantile(share: float) -> float:
    """The z below which this share of a standard normal lies."""
    return NORMAL.inv_cdf(share)


@lru_cache(maxsize=4096)
def t_quantile(df: float, level: float) -> float:
    """Two-sided quantile: |t| stays under it with probability `level`."""
    if df == float("inf"):
        return normal_quantile(0.5 + level / 2)
    from scipy.special import stdtrit

    return float(stdtrit(df, 0.5 + level / 2))


def t_two_sided(df: float, t: float) -> float:
    """Probability of |t| at least this large."""
    if df == float("inf"):
        return 2 * normal_cdf(-abs(t))
    from scipy.special import stdtr

    return float(2 * stdtr(df, -abs(t)))
