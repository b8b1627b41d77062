"""Axes of plots: where values stand, and which round numbers are written beside them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reports.numbers import number


@dataclass(frozen=True)
class Axis:
    """From values to pixels; `start` > `end` where larger values stand further up."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        """Rounded to a tenth of a pixel; what lies outside stands at the edge."""
        low, high, value = (self._scaled(each) for each in (self.low, self.high, value))
        share = (min(max(value, low), high) - low) / (high - low) if high > low else 0.5
        return round(self.start + share * (self.end - self.start), 1)

    def holds(self, value: float) -> bool:
        """Whether a value is on it."""
        return self.low <= value <= self.high

    def _scaled(self, value: float) -> float:
        return math.log10(max(value, 1e-12)) if self.log else value

    def ticks(self) -> list[tuple[float, str]]:
        """Pixels and texts of round values, about five."""
        values = decades(self.low, self.high) if self.log else rounds(self.low, self.high)
        return [(self(value), text(value, values)) for value in values]


def axis(values: Sequence[float], start: float, end: float, *, log: bool = False) -> Axis:
    """An axis that holds all values with a little air."""
    if log:
        positive = [value for value in values if value > 0] or [1.0]
        return Axis(min(positive) / 1.4, max(positive) * 1.4, start, end, log=True)
    low, high = min(values, default=0.0), max(values, default=1.0)
    air = (high - low) * 0.06 or abs(high) * 0.1 or 1.0
    return Axis(low - air, high + air, start, end)


def rounds(low: float, high: float) -> list[float]:
    """Multiples of 1, 2 or 5 times a power of ten, four to nine of them."""
    if not high > low:
        return [low]
    power = 10.0 ** math.floor(math.log10((high - low) / 4))
    step = next(power * m for m in (1, 2, 5, 10) if (high - low) / (power * m) <= 7)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [round(i * step, 12) + 0.0 for i in range(first, last + 1)]


def decades(low: float, high: float) -> list[float]:
    """1, 2 and 5 of each power of ten; powers alone where that would be many."""
    powers = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    for steps in ((1, 2, 5), (1, 3), (1,)):
        values = [m * 10.0**power for power in powers for m in steps]
        shown = [value for value in values if low <= value <= high]
        if len(shown) <= 8:
            return shown
    return shown


def text(value: float, among: Sequence[float]) -> str:
    """As few digits as tell these apart."""
    if value and (abs(value) >= 1000 or abs(value) < 0.001):
        return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.0e}"
    for digits in range(5):
        if len({f"{each:.{digits}f}" for each in among}) == len(among) and all(
            abs(float(f"{each:.{digits}f}") - each) < 1e-9 for each in among
        ):
            return f"{value:.{digits}f}"
    return number(value)
