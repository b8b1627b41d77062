"""Whether an effect is the same at every block: equivalence, with concepts as the sample."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from benchmark.statistics.distributions import t_quantile
from benchmark.statistics.profiles import concept_profiles

Verdict = Literal["flat", "not flat", "unresolved", "no effect"]
MARGIN = 0.15
ROUNDING = 1e-12


@dataclass(frozen=True)
class Flatness:
    """A profile's spread as a share of its mean, with the bounds that its verdict is read from.

    `low` and `high` are None where the share means nothing: no effect to take a share of, a single
    concept or block, or under five concepts that are all alike (2^−4 is not under 5 %).
    """

    mean: float
    """Mean effect over blocks and concepts."""
    spread: float
    """Largest minus smallest block mean."""
    low: float | None
    """The margin under which the profile would be called not flat."""
    high: float | None
    """The smallest margin at which the profile would be called flat."""
    n_concepts: int
    verdict: Verdict
    margin: float = MARGIN
    level: float = 0.95


def flatness(
    effects: Float[np.ndarray, "u b"],
    concept: Int[np.ndarray, " u"],
    *,
    margin: float = MARGIN,
    level: float = 0.95,
) -> Flatness:
    """Is max − min over blocks at most `margin` of the mean effect? An effect is above 0.

    For each ordered pair of blocks the contrast c = d − margin·e, d the difference of a concept's
    two block means and e its mean over blocks, has a one-sided t bound over concepts.

    - no effect: the mean itself is not resolved above 0; nothing is said of its shape.
    - flat: the upper bounds of all contrasts are ≤ 0. Every pair must pass (intersection-union;
      Berger 1982), so no correction is due: wrong in at most 5 %, and in just that where one pair
      sits at the margin and the others are well inside.
    - not flat: the lower bound of some contrast is > 0, each at a share of 5 % (Bonferroni over
      ordered pairs). That holds whatever the contrasts' variances and correlations. The
      studentised range takes them for alike and claims too often with six concepts; sign flips
      of concepts find no more.
    - unresolved: neither.

    Solved for the margin (Fieller 1954) the bounds become `high` and `low`: flat is high ≤ margin,
    not flat low > margin. t takes concepts for about normal: where most have one shape and a few
    another (exponential deviations), flat is claimed in about 10 %.
    Raises ValueError like `concept_profiles`, and for a margin or level that is none.
    """
    if not (0 < margin < np.inf and 0.5 < level < 1):
        raise ValueError(f"margin {margin}, level {level}: wanted one above 0 and one in (.5, 1)")
    profiles = concept_profiles(effects, concept)[1]
    means, (k, b) = profiles.mean(0), profiles.shape
    low, high = None, None
    verdict: Verdict = "unresolved"
    if k > 1 and not _resolved(profiles.mean(1), level):
        verdict = "no effect"
    elif k > 1 and b > 1 and not (2.0**-k > 1 - level and _alike(profiles)):
        low, high = _bounds(profiles, level)
        if high <= margin + ROUNDING:
            verdict = "flat"
        elif low > margin + ROUNDING:
            verdict = "not flat"
    mean, spread = float(means.mean()), float(np.ptp(means))
    return Flatness(mean, spread, low, high, k, verdict, margin, level)


def _alike(profiles: Float[np.ndarray, "k b"]) -> bool:
    """Whether no concept differs from another by more than rounding."""
    return bool(np.ptp(profiles, axis=0).max() <= ROUNDING * np.abs(profiles).max())


def _resolved(effect: Float[np.ndarray, " k"], level: float) -> bool:
    """Whether the mean over concepts has its one-sided lower bound above 0."""
    reach = _one_sided(len(effect), level) * effect.std(ddof=1) / np.sqrt(len(effect))
    return bool(effect.mean() - reach > ROUNDING * np.abs(effect).max())


def _one_sided(k: int, level: float) -> float:
    return t_quantile(k - 1, 2 * level - 1)


def _bounds(profiles: Float[np.ndarray, "k b"], level: float) -> tuple[float, float]:
    """Bounds of spread ÷ mean: the largest over ordered pairs. Needs a resolved mean.

    With r = mean d ÷ mean e and u = d − r·e, whose mean is 0, the contrast at the margin r + x is
    −x·mean e with variance v_uu − 2x·v_ue + x²·v_ee. It meets t standard errors at
    x = γ/(S + β) above and −γ/(S − β) below, S² = β² + (1 − g)γ.
    """
    k, b = profiles.shape
    first, second = np.nonzero(~np.eye(b, dtype=bool))
    effect = profiles.mean(1)
    difference = profiles[:, first] - profiles[:, second]
    ratio = difference.mean(0) / effect.mean()
    residual = difference - ratio * effect[:, None]
    centred = (effect - effect.mean())[:, None]
    parts = (residual**2, residual * centred, centred**2)
    scale = k * (k - 1) * effect.mean() ** 2
    gamma, beta, g = (part.sum(0) / scale for part in parts)
    high = ratio + _step(_one_sided(k, level), gamma, beta, g)
    apart = _one_sided(k, 1 - (1 - level) / len(first))
    at_zero = ratio > apart * np.sqrt(gamma + 2 * ratio * beta + ratio**2 * g)
    low = ratio - _step(apart, gamma, -beta, g)
    return float(np.where(at_zero, low, 0.0).max()), float(high.max())


def _step(
    t: float,
    gamma: Float[np.ndarray, " p"],
    beta: Float[np.ndarray, " p"],
    g: Float[np.ndarray, " one"],
) -> Float[np.ndarray, " p"]:
    """γ/(S + β) with all three times t²; 0 where the ratio is the same in every concept."""
    gamma, beta = t**2 * gamma, t**2 * beta
    root = np.sqrt(np.maximum(beta**2 + (1 - t**2 * g) * gamma, 0.0))
    below = root + beta
    return np.divide(gamma, below, out=np.zeros_like(gamma), where=below > 0)
