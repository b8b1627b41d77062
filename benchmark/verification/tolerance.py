"""How near a score that is computed again must be to the recorded one."""

from __future__ import annotations

TOLERANCE = 1e-4
"""Absolute up to 1, relative above it: the same dictionary on another processor keeps to it."""


def apart(old: float, new: float) -> float:
    """How far two numbers are apart, measured in the larger of 1 and the recorded one."""
    return abs(new - old) / max(1.0, abs(old))
