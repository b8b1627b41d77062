"""Scores of several seeds as one value with its interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reports.compare.rows import standard_error
from benchmark.reports.ends import within
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
