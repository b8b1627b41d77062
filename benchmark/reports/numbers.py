"""Numbers as people read them: four digits or so, never a minus before nothing."""

from __future__ import annotations

NOTHING = 1e-6
"""What rounding leaves of a zero."""


def number(value: float | None) -> str:
    """Three decimals; fewer where the number is large, a power of ten where they would hide it."""
    if value is None:
        return ""
    size = abs(value)
    if size < NOTHING:
        return "0.000"
    if size < 0.0005:
        return f"{value:.0e}"
    decimals = 3 if size < 10 else 2 if size < 100 else 1
    return f"{value:,.{decimals}f}"


def interval(value: float, low: float | None, high: float | None) -> str:
    """`0.412 [0.398, 0.427]`; the value alone where there is no interval."""
    ends = "" if low is None or high is None else f" {span(low, high)}"
    return f"{number(value)}{ends}"


def span(low: float, high: float) -> str:
    """`[0.398, 0.427]`."""
    return f"[{number(low)}, {number(high)}]"
