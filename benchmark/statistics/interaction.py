"""Whether two directions of steering work at different blocks: block × direction."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from benchmark.statistics.profiles import concept_profiles

DRAWS = 1999
ROUNDING = 1e-12
SHRINKAGE = 0.5
"""How far correlations between blocks are drawn to 0. At 1 the statistic is a sum over blocks,
which finds little where concepts deviate along one shape; at 0 six concepts have no inverse."""


@dataclass(frozen=True, eq=False)
class Interaction:
    """Where addition gains over suppression, level aside, and whether that could be chance.

    `t`, `statistic` and `p` are None with a single concept or block: nothing can be said then.
    """

    difference: Float[np.ndarray, " b"]
    """Addition − suppression at each block, both centred over blocks: adds up to 0."""
    t: Float[np.ndarray, " b"] | None
    """Difference ÷ its standard error over concepts; infinite where all concepts agree."""
    statistic: float | None
    p: float | None
    """Of all blocks together; never below 1/(1 + draws)."""
    n_concepts: int
    draws: int = 0
    """Other assignments that were looked at: all there are, 2^(concepts − 1) − 1, or as asked."""


def interaction(
    add: Float[np.ndarray, "u b"],
    supp: Float[np.ndarray, "v b"],
    *,
    add_concept: Int[np.ndarray, " u"],
    supp_concept: Int[np.ndarray, " v"],
    rng: np.random.Generator,
    draws: int = DRAWS,
) -> Interaction:
    """Do the profiles of addition and suppression differ in shape? Their levels may.

    Profiles are centred over blocks and averaged within concept and direction. Then the labels of
    a concept's whole set of profiles change places, which turns the sign of its contrast: exact
    where contrasts are symmetric about 0, whatever the scenes' numbers and variances (Canay,
    Romano and Shaikh 2017). Labels of single profiles within concepts tell how scenes scatter and
    not how concepts do: where each concept has a shape of its own they claimed 3 to 7 % for 5 %.

    The statistic is Hotelling's T² of the contrasts, each block studentised over concepts and the
    correlations between blocks halved (Chen et al. 2011), since six concepts cannot tell them.
    p = (1 + number of draws that reach it) / (1 + draws); all draws there are, where they are few.
    Raises ValueError like `concept_profiles`, and where a concept lacks a direction.
    """
    if draws < 1:
        raise ValueError(f"{draws} draws, wanted at least 1")
    contrasts = _contrasts(add, supp, add_concept, supp_concept)
    k, b = contrasts.shape
    mean = contrasts.mean(0)
    if k < 2 or b < 2:
        return Interaction(mean, None, None, None, k)
    found = hotelling(contrasts, _signs(k, draws, rng))
    reached = int((found[1:] >= found[0] * (1 - ROUNDING)).sum())
    p = (1 + reached) / len(found)
    return Interaction(mean, _t(contrasts), float(found[0]), p, k, len(found) - 1)


def hotelling(
    contrasts: Float[np.ndarray, "k b"], signs: Float[np.ndarray, "d k"]
) -> Float[np.ndarray, " d"]:
    """T² under each assignment of signs: k·m'R⁻¹m, m the mean contrasts in units of their RMS.

    RMS and correlations are taken about 0, so no sign changes them and R is inverted once; the
    order of the draws is that of t. A block without any contrast adds nothing.
    """
    k, b = contrasts.shape
    unit = contrasts / _rms(contrasts)
    correlation = unit.T @ unit / k
    inverse = np.linalg.inv((1 - SHRINKAGE) * correlation + SHRINKAGE * np.eye(b))
    means = signs @ unit / k
    return k * ((means @ inverse) * means).sum(1)


def _t(contrasts: Float[np.ndarray, "k b"]) -> Float[np.ndarray, " b"]:
    """Student's t of each block, from its mean in units of RMS."""
    share = (contrasts / _rms(contrasts)).mean(0)
    left = 1 - share**2
    left[left < ROUNDING] = 0.0
    with np.errstate(divide="ignore"):
        return share * np.sqrt((len(contrasts) - 1) / left)


def _rms(contrasts: Float[np.ndarray, "k b"]) -> Float[np.ndarray, " b"]:
    """Root mean square over concepts; 1 where all are 0."""
    rms = np.sqrt((contrasts**2).mean(0))
    return np.where(rms > 0, rms, 1.0)


def _contrasts(
    add: Float[np.ndarray, "u b"],
    supp: Float[np.ndarray, "v b"],
    add_concept: Int[np.ndarray, " u"],
    supp_concept: Int[np.ndarray, " v"],
) -> Float[np.ndarray, "k b"]:
    """Addition − suppression of each concept, centred over blocks; rounding is 0."""
    labels, first = concept_profiles(add, add_concept, "additions")
    others, second = concept_profiles(supp, supp_concept, "suppressions")
    lone = np.setxor1d(labels, others)
    if len(lone):
        lacks = "suppressions" if lone[0] in labels else "additions"
        raise ValueError(
            f"concept {lone[0]} has no {lacks} ({len(lone)} concepts lack a direction): wanted "
            f"both of each, drop those that have one"
        )
    if first.shape != second.shape:
        raise ValueError(
            f"additions at {first.shape[1]} blocks, suppressions at {second.shape[1]}: wanted the "
            f"same blocks"
        )
    difference = first - second
    centred = difference - difference.mean(1, keepdims=True)
    size = max(np.abs(first).max(), np.abs(second).max())
    return np.where(np.abs(centred) > ROUNDING * size, centred, 0.0)


def _signs(k: int, draws: int, rng: np.random.Generator) -> Float[np.ndarray, "d k"]:
    """Assignments, the given one first; all that differ by more than the sign of the whole
    where they are at most 1 + draws, else drawn."""
    if 2 ** (k - 1) <= draws + 1:
        return 1.0 - 2.0 * (np.arange(2 ** (k - 1))[:, None] >> np.arange(k) & 1)
    signs = rng.choice([-1.0, 1.0], (1 + draws, k))
    signs[0] = 1.0
    return signs
