"""Why a metric is unreliable, in words."""

from __future__ import annotations

import math

from benchmark.audit.expectations import Degradation

HOW: dict[Degradation, str] = {
    "rotated": "when directions are turned",
    "dropped": "when latents are dropped",
    "shuffled": "when the map is shuffled",
    "mixed": "when random latents are mixed in",
}


def floored(rank: float) -> str:
    """Two digits, never more than it is: 0.899 does not reach 0.90."""
    return f"{math.floor(100 * rank + 1e-9) / 100:.2f}"


def too_few(degradation: Degradation, n: int, levels: int) -> str:
    """Under half of the levels have a value."""
    return f"has a value at only {n} of {levels} levels {HOW[degradation]}"


def not_falling(degradation: Degradation, spearman: float, same: int, levels: int) -> str:
    """`follows quality only loosely when latents are dropped (ρ 0.71, one score at 4 levels)`.

    `same` is the most of the levels that share one score.
    """
    how, rho = HOW[degradation], f"ρ {floored(spearman)}"
    if same == levels:
        return f"does not move {how}"
    if same > 2:
        rho += f", one score at {same} of {levels} levels"
    if spearman <= -0.5:
        return f"gets better {how} ({rho})"
    if spearman < 0.5:
        return f"does not follow quality {how} ({rho})"
    return f"follows quality only loosely {how} ({rho})"


def not_still(degradation: Degradation, most: float, gone: int) -> str:
    """`moves when the map is shuffled, by up to 0.012, and must not`."""
    lost = f"loses its value at {gone} levels" if gone else ""
    by = f"moves {HOW[degradation]}, by up to {most:.2g}" if most else ""
    both = " and ".join(part for part in (by, lost) if part)
    return f"{both}{'' if most else f' {HOW[degradation]}'}, and must not"
