"""How far a dictionary is degraded: levels from 0, whole, to 1, destroyed."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

from benchmark.audit.expectations import Degradation


@dataclass(frozen=True)
class Point:
    """One degraded dictionary: how, how far, and which draw of what is drawn at random."""

    degradation: Degradation
    level: float
    draw: int


def grid(n: int) -> tuple[float, ...]:
    """n levels, closer to each other where little is damaged: (i / (n − 1))².

    Known quality is 1 − level. Of directions it is the angle over 90°, else the share of latents.
    """
    return tuple(round((i / (n - 1)) ** 2, 4) for i in range(n))


def count(level: float, n: int) -> int:
    """How many of n latents a level degrades; one at least, unless it is 0."""
    return min(n, ceil(level * n - 1e-9))
