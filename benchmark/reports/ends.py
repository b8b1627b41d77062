"""Where an interval over seeds ends: few of them make it go on beyond what a score can be."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.results import Score


def within(
    scores: Sequence[Score], low: float | None, high: float | None
) -> tuple[float | None, float | None]:
    """The ends of an interval over seeds, where a score can be.

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
