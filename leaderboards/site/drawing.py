"""Intervals and seeds as small inline drawings: numbers in, coordinates out, no text inside."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from markupsafe import Markup

from leaderboards.board.tables import Column, Entry
from leaderboards.board.values import Value

STRIP = (72, 8)
PLOT = (320, 28)
EDGE = 4


@dataclass(frozen=True)
class Scale:
    """From a column's values to places on a line `width` long."""

    low: float
    high: float
    width: int

    def __call__(self, value: float) -> int:
        """Rounded to a whole unit; what lies outside ends at the edge."""
        span = self.high - self.low
        share = (min(max(value, self.low), self.high) - self.low) / span if span else 0.5
        return round(EDGE + share * (self.width - 2 * EDGE))


def scale_of(values: Iterable[Value], marks: Iterable[float | None], width: int) -> Scale:
    """Wide enough for every seed and mark, and for intervals that say something; those that reach
    far beyond all values end at the edge, unless most do.
    """
    values = list(values)
    points = [score for value in values for _, score in value.seeds]
    points += [mark for mark in marks if mark is not None]
    low, high = min(points, default=0.0), max(points, default=1.0)
    reach = (high - low) * 0.25
    lows = sorted(value.low for value in values if value.low is not None)
    highs = sorted(value.high for value in values if value.high is not None)
    usual = (lows[len(lows) // 2 :][:1], highs[(len(highs) - 1) // 2 :][:1])
    low = min([low, *usual[0], *(end for end in lows if end >= low - reach)])
    high = max([high, *usual[1], *(end for end in highs if end <= high + reach)])
    return Scale(low, high, width)


def strip(value: Value, scale: Scale) -> Markup:
    """Seeds as dots on their interval, for a cell of a table; nothing outside of the scale."""
    if not scale.low <= value.value <= scale.high:
        return Markup("")
    width, height = STRIP
    middle = height // 2
    drawn = f"{_line(value, scale, middle)}{_dots(value, scale, middle)}"
    return Markup(f'<svg viewBox="0 0 {width} {height}">{drawn}</svg>')


def plot(entry: Entry, column: Column, scale: Scale) -> Markup:
    """One row of a forest plot: interval, mean, seeds, and the column's floor and ceiling."""
    width, height = PLOT
    middle, value = height // 2, entry.value
    marks = "".join(
        f'<path class="{name}" d="M{scale(at)} 0V{height}"/>'
        for name, at in (("floor", column.floor), ("ceiling", column.ceiling))
        if at is not None
    )
    mean = f'<rect x="{scale(value.value) - 2}" y="{middle - 4}"/>'
    drawn = f"{marks}{_line(value, scale, middle)}{mean}{_dots(value, scale, middle + 9)}"
    return Markup(f'<svg viewBox="0 0 {width} {height}">{drawn}</svg>')


def _line(value: Value, scale: Scale, y: int) -> str:
    if value.low is None or value.high is None:
        return ""
    return f'<path d="M{scale(value.low)} {y}H{scale(value.high)}"/>'


def _dots(value: Value, scale: Scale, y: int) -> str:
    places = dict.fromkeys(scale(score) for _, score in value.seeds)
    return f'<path class="d" d="{"".join(f"M{x} {y}h0" for x in places)}"/>'
