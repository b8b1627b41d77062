"""The rule: best y among points that keep x, and the frontier of both. Numbers alone, no cells."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reports.numbers import number

SAME = 9
"""Decimals in which two means are the same."""
Pair = tuple[float, float]
"""Means of x and y of a point, both so that more is better."""


@dataclass(frozen=True)
class Keep:
    """How much of the best x may be given up: in units of x, or as a share of the best."""

    amount: float
    share: bool = False

    def of(self, best: float) -> float:
        """What may be given up, in units of x."""
        return self.amount * abs(best) if self.share else self.amount

    def __str__(self) -> str:
        return f"{self.amount * 100:g} %" if self.share else f"{self.amount:g}"


def keep_of(text: str) -> Keep:
    """`0.02`, in units of x, or `2%` of the best. Raises ValueError for anything else."""
    share = text.endswith("%")
    try:
        amount = float(text.removesuffix("%"))
    except ValueError:
        amount = math.nan
    if not 0 <= amount < math.inf:
        raise ValueError(f"--keep {text}: wanted a number from 0 in units of --x, or a share as 2%")
    return Keep(amount / 100 if share else amount, share)


def frontier(points: Sequence[Pair]) -> list[bool]:
    """Which points no other one beats: at least as good in both and better in one."""
    rounded = [(round(x, SAME), round(y, SAME)) for x, y in points]
    return [not any(beats(other, each) for other in rounded) for each in rounded]


def beats(a: Pair, b: Pair) -> bool:
    """Whether a is at least as good in both and not the same."""
    return a != b and a[0] >= b[0] and a[1] >= b[1]


def keeping(points: Sequence[Pair], keep: Keep) -> list[bool]:
    """Which points have an x within the tolerance of the best."""
    best = max(x for x, _ in points)
    least = round(best - keep.of(best), SAME)
    return [round(x, SAME) >= least for x, _ in points]


def choose(points: Sequence[Pair], keep: Keep, order: Sequence[tuple[float, ...]]) -> int:
    """The place of the best y among points that keep x; of equals the first by `order`."""
    kept = [i for i, inside in enumerate(keeping(points, keep)) if inside]
    best = max(round(points[i][1], SAME) for i in kept)
    return min((i for i in kept if round(points[i][1], SAME) == best), key=lambda i: order[i])


def in_words(x: str, y: str, keep: Keep, least: float | None = None) -> str:
    """The rule as a sentence; `least` is where the tolerance ends, as x is measured."""
    ends = "" if least is None else f" (to {number(least)})"
    return (
        f"best mean {y} among points whose mean {x} is within {keep} of the best{ends}, "
        f"ties to the smaller values"
    )
