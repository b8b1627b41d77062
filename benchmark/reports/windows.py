"""The range of values that a panel shows: the bulk of them, whatever an outlier does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

Span = tuple[float, float]
SQUEEZED = 0.4
"""The worst values are left outside where the rest takes less of the axis than this."""
FEWEST = 3
"""Values that stay inside at least, and half of them all."""
REACH = 0.5
"""How far past the values an interval may widen the axis, in ranges of the values."""
MARGIN = 0.06


@dataclass(frozen=True)
class Window:
    """Limits of an axis; what lies outside is pointed at."""

    low: float
    high: float

    def side(self, value: float) -> int:
        """-1 left of the window, 1 right of it, 0 inside."""
        return int(value > self.high) - int(value < self.low)


def window(
    values: Sequence[float],
    fixed: Sequence[float] = (),
    intervals: Sequence[Span] = (),
    *,
    higher_is_better: bool = True,
) -> Window:
    """Limits that hold the bulk of `values`, all that is `fixed` (floor, baselines, ceiling) and,
    as far as they are not much wider than that, the intervals. Raises ValueError for no values.
    """
    if not len(values):
        raise ValueError("no values to show: found 0, wanted at least one")
    noise = median_width(intervals)
    points = [*bulk(sorted(values, reverse=not higher_is_better), fixed, noise), *fixed]
    low, high = min(points), max(points)
    room = (high - low if fixed else max(high - low, noise)) or noise or 0.1 * abs(high) or 1.0
    ends = [end for end in intervals if low <= end[1] and end[0] <= high]
    left = min([low, *(max(end[0], low - REACH * room) for end in ends)])
    right = max([high, *(min(end[1], high + REACH * room) for end in ends)])
    margin = MARGIN * max(right - left, room)
    return Window(left - margin, right + margin)


def bulk(values: Sequence[float], fixed: Sequence[float], noise: float) -> Sequence[float]:
    """Values, worst first, without the fewest of the worst that squeeze the rest.

    Only these: a method far better than all others is what the figure is there to show.
    """
    whole = extent([*values, *fixed])
    least = max(FEWEST, (len(values) + 1) // 2)
    for dropped in range(1, len(values) - least + 1):
        rest = values[dropped:]
        if max(extent([*rest, *fixed]), noise) < SQUEEZED * whole:
            return bulk(rest, fixed, noise)
    return values


def extent(points: Sequence[float]) -> float:
    """From the least to the greatest."""
    return max(points) - min(points)


def median_width(intervals: Sequence[Span]) -> float:
    """Width of the middle one; 0 of none."""
    widths = sorted(high - low for low, high in intervals)
    return widths[len(widths) // 2] if widths else 0.0
