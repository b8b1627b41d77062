"""How near a score that is computed again must be to the recorded one."""

from __future__ import annotations

from benchmark.results import Environment, Score

TOLERANCE = 1e-4
"""Absolute up to 1, relative above it: the same dictionary on the same processor keeps to it."""
NOISE = 0.25
"""Of a standard error, on another processor: sums in another order turn near ties, 0.15 of it at
most where all tasks were computed with other instructions. No claim hangs on so little."""
TURNED, MANY = 2, 500
"""Units that may turn where a score has that many: a share of 0 has no error of its own."""
WIDTH = 2 * 1.96


def apart(old: float, new: float) -> float:
    """How far two numbers are apart, measured in the larger of 1 and the recorded one."""
    return abs(new - old) / max(1.0, abs(old))


def slack(score: Score, *, elsewhere: bool) -> float:
    """How far a score and all that stands beside it may be from the record.

    By the standard errors of the score that was computed now, its own and of what it is read
    against: those of a record are a claim.
    """
    if not elsewhere:
        return TOLERANCE
    ends = [
        (each.ci_low, each.ci_high)
        for each in (score, *score.references)
        if each.ci_low is not None and each.ci_high is not None
    ]
    errors = [(high - low) / WIDTH for low, high in ends]
    n = score.n or 0
    turned = TURNED / n if n >= MANY else 0.0
    return max(TOLERANCE, NOISE * max([score.se or 0.0, *errors]), turned)


def elsewhere(old: Environment, new: Environment) -> bool:
    """Whether sums may have been made in another order: other processor, threads or libraries."""
    return (old.cpu, old.device, old.packages) != (new.cpu, new.device, new.packages)
