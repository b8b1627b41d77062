"""Bytes and seconds as people read them."""

from __future__ import annotations

UNITS = ((1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"))
OPERATIONS = ((1e18, "EFLOP"), (1e15, "PFLOP"), (1e12, "TFLOP"), (1e9, "GFLOP"), (1e6, "MFLOP"))
MINUTE, HOUR, DAY = 60, 3600, 86_400


def size(count: float) -> str:
    """Bytes with a unit, three digits: 15.1 GB."""
    for unit, name in UNITS:
        if count >= unit:
            return f"{_three(count / unit)} {name}"
    return f"{count:.0f} B"


def work(count: float) -> str:
    """Operations with a unit, three digits."""
    for unit, name in OPERATIONS:
        if count >= unit:
            return f"{_three(count / unit)} {name}"
    return f"{count:.0f} FLOP"


def span(seconds: float) -> str:
    """Seconds as seconds, minutes, hours or days, whichever is one to a hundred."""
    if seconds < 2 * MINUTE:
        return f"{seconds:.0f} s"
    if seconds < 2 * HOUR:
        return f"{seconds / MINUTE:.0f} min"
    if seconds < 2 * DAY:
        return f"{seconds / HOUR:.1f} h"
    return f"{seconds / DAY:,.1f} days"


def brief(seconds: float) -> str:
    """As `span`, with a decimal below ten seconds."""
    return f"{seconds:.1f} s" if seconds < 10 else span(seconds)


def _three(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"
