"""Floors and ceilings: what a score is read against, and when it may be normalised."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Refusal:
    """A number that would mean nothing, and why."""

    reason: str

    def __bool__(self) -> bool:
        return False


@dataclass(frozen=True)
class NullSummary:
    """A null that draws at random: its mean and the range that holds 95 % of its draws."""

    value: float
    low: float
    high: float
    draws: int


def null_summary(values: Sequence[float], *, level: float = 0.95) -> NullSummary:
    """Mean and central range of the draws of a null (20 of them: close to their extremes)."""
    draws = np.asarray(values, dtype=np.float64)
    if not len(draws) or not np.isfinite(draws).all():
        raise ValueError(f"draws of a null are {draws.tolist()}: wanted one or more finite numbers")
    low, high = np.quantile(draws, [0.5 - level / 2, 0.5 + level / 2])
    mean = float(np.clip(draws.mean(), low, high))
    return NullSummary(mean, float(low), float(high), len(draws))


def floor(
    nulls: Mapping[str, float], *, higher_is_better: bool | None = True
) -> tuple[str, float] | None:
    """Name and value of the highest null: the best that knowing nothing reaches.

    The lowest where lower is better. None without a null, or where neither direction is better.
    """
    if not nulls or higher_is_better is None:
        return None
    pick = max if higher_is_better else min
    name = pick(sorted(nulls), key=lambda each: nulls[each])
    return name, nulls[name]


def normalised(
    value: float,
    *,
    floor: float | None,
    ceiling: float | None,
    se: float | None,
    higher_is_better: bool | None = True,
) -> float | Refusal:
    """(value − floor) / (ceiling − floor), or why not.

    `se` is the standard error of the gap (of the score, where the gap's own is not known); a gap
    under three of them makes the quotient noise. Not clipped: under the floor it is negative.
    """
    if higher_is_better is None:
        return Refusal("neither direction is better")
    if ceiling is None:
        return Refusal("there is no true ceiling")
    if floor is None:
        return Refusal("there is no null to measure from")
    if se is None:
        return Refusal("the standard error is unknown, so the gap cannot be judged")
    gap = ceiling - floor
    if (gap if higher_is_better else -gap) <= 0:
        return Refusal(f"the ceiling {ceiling:.4g} is not better than the floor {floor:.4g}")
    if abs(gap) < 3 * se:
        return Refusal(f"the gap {abs(gap):.3g} is under 3 standard errors of {se:.3g}")
    return (value - floor) / gap
