"""Scores of several seeds as one value with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reports.compare.rows import standard_error
from benchmark.results import Score
from benchmark.statistics import over_seeds


@dataclass(frozen=True)
class Value:
    """Mean over seeds; with one seed its own interval, over items alone."""

    value: float
    low: float | None
    high: float | None
    se: float
    """Over seeds and items; with one seed over items alone."""
    n: int
    seeds: tuple[tuple[int, float], ...]
    """Seed and score, by seed."""

    @property
    def wide(self) -> bool:
        """Two seeds that differ: t(1) makes the interval 12.7 standard errors to each side."""
        return len(self.seeds) == 2 and self.seeds[0][1] != self.seeds[1][1]


def value_of(scores: Sequence[tuple[int, Score]]) -> Value:
    """The value of one metric from its scores by seed."""
    first, n = scores[0][1], max(score.n or 0 for _, score in scores)
    seeds = tuple(sorted((seed, score.value) for seed, score in scores))
    if len(scores) == 1:
        return Value(first.value, first.ci_low, first.ci_high, standard_error(first), n, seeds)
    errors = [standard_error(score) for _, score in scores]
    found = over_seeds([score.value for _, score in scores], errors)
    low, high = within([score for _, score in scores], found.low, found.high)
    return Value(found.value, low, high, found.se, n, seeds)


def within(
    scores: Sequence[Score], low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """The ends of an interval over seeds where a score can be: few seeds make it go on beyond.

    Shares, as Wilson's interval is made for, are in [0, 1]; nothing passes a ceiling.
    """
    if low is None or high is None:
        return low, high
    if all(_share(score) for score in scores):
        return max(low, 0.0), min(high, 1.0)
    ceilings = [score.ceiling for score in scores if score.higher_is_better]
    tops = [c for c in ceilings if c is not None]
    if len(tops) == len(scores) and all(s.value <= max(tops) for s in scores):
        return low, min(high, max(tops))
    return low, high


def _share(score: Score) -> bool:
    ends = score.ci_low, score.ci_high
    return score.interval == "wilson" and all(e is not None and 0 <= e <= 1 for e in ends)
