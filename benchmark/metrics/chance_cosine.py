"""What a matching of directions reaches by chance: against directions that are drawn blindly.

Among hundreds of directions some are near any other, and nearer where all keep to few dimensions.
So chance is this fit's latents matched with as many blind directions as the other fit has, of the
mean and covariance that its directions have: they keep to the same dimensions and are no latents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from benchmark.contracts import Modality, Subject
from benchmark.metrics.heterogeneity import directions, unit
from benchmark.metrics.returning import one_to_one, others
from benchmark.metrics.sides import living

CHANCE = "chance cosine"
DRAWS = 5
"""Means over hundreds of latents hardly move from one draw to the next."""
RIDGE = 1e-6
"""Relative to the mean variance of a column: a covariance of few rows has no root without it."""
PERCENTILE = 99


@dataclass(frozen=True, eq=False)
class Spread:
    """Where some directions are: their mean, and a root of their covariance, root @ root.T."""

    mean: Float[np.ndarray, " d"]
    root: Float[np.ndarray, "d d"]

    def drawn(self, n: int, rng: np.random.Generator) -> Float[np.ndarray, "n d"]:
        """So many blind directions of norm 1 that are spread like them."""
        return unit(self.mean + rng.standard_normal((n, len(self.mean))) @ self.root.T)


def spread_of(rows: Float[np.ndarray, "b d"]) -> Spread:
    """The spread of some directions; everywhere alike where there are none."""
    d = rows.shape[1]
    if not len(rows):
        return Spread(np.zeros(d), np.eye(d))
    mean = rows.mean(0)
    covariance = (rows - mean).T @ (rows - mean) / len(rows)
    ridge = RIDGE * max(float(np.trace(covariance)), float(mean @ mean)) / d
    return Spread(mean, np.linalg.cholesky(covariance + max(ridge, RIDGE**2) * np.eye(d)))


@dataclass(frozen=True, eq=False)
class Chance:
    """What this fit's latents reach with blind partners."""

    cosine: Float[np.ndarray, " a"]
    """Of each latent, the mean over draws."""
    bar: float
    """What one in a hundred exceeds."""


def chances(subject: Subject, modality: Modality) -> tuple[Chance, ...]:
    """Against each other fit; computed once."""
    key = (CHANCE, modality)
    if key not in subject.cache:
        own = living_directions(subject, modality)
        rng = subject.rng(f"blind directions/{modality}")
        subject.cache[key] = tuple(
            _chance(own, living_directions(other, modality), rng) for other in others(subject)
        )
    return subject.cache[key]


def _chance(
    own: Float[np.ndarray, "a d"], other: Float[np.ndarray, "b d"], rng: np.random.Generator
) -> Chance:
    if not len(own):
        return Chance(np.zeros(0), 0.0)
    spread = spread_of(other)
    found = [one_to_one(own @ spread.drawn(len(other), rng).T)[1] for _ in range(DRAWS)]
    return Chance(np.mean(found, axis=0), float(np.percentile(found, PERCENTILE)))


def living_directions(subject: Subject, modality: Modality) -> Float[np.ndarray, "a d"]:
    """Decoder directions of the living latents, of norm 1."""
    return unit(directions(subject, modality)[living(subject, modality)])
