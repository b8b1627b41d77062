"""Profiles of effects whose truth is known, for the calibration of the tests that read them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Float, Int

from benchmark.statistics.distributions import normal_quantile


@dataclass(frozen=True)
class World:
    """How effects scatter around a population's mean profile; spreads are SDs."""

    effects: Literal["continuous", "mentions"] = "continuous"
    """Mentions are 0 or ±1: +1 where a continuous effect passes a threshold, −1 by chance."""
    n_concepts: int = 12
    n_scenes: tuple[int, int] = (10, 60)
    """Fewest and most of a concept."""
    level: float = 0.3
    """Of concepts, at all blocks alike."""
    own: float = 0.1
    """Of concepts, at each block."""
    deviation: Literal["normal", "skewed", "one shape"] = "normal"
    """How concepts deviate by `own`: at each block, along one wave, exponentially at the first."""
    scene: float = 0.5
    noise: float = 0.3
    lost: float = 0.02
    """Rate of −1 among mentions."""


def concept_effects(
    rng: np.random.Generator, world: World, n_blocks: int
) -> Float[np.ndarray, "k b"]:
    """What each concept adds to the mean profile; 0 on average over concepts."""
    k = world.n_concepts
    if world.deviation == "normal":
        own = rng.normal(size=(k, n_blocks))
    elif world.deviation == "one shape":
        wave = np.sin(np.linspace(0, 2 * np.pi, n_blocks))
        own = rng.normal(size=(k, 1)) * wave / wave.std()
    else:
        own = (rng.exponential(size=(k, 1)) - 1) * (np.arange(n_blocks) == 0)
    return world.level * rng.normal(size=(k, 1)) + world.own * own


def scenes(
    rng: np.random.Generator,
    world: World,
    mean: Float[np.ndarray, " b"],
    of_concepts: Float[np.ndarray, "k b"],
) -> tuple[Float[np.ndarray, "u b"], Int[np.ndarray, " u"]]:
    """Effects of scenes and their concepts.

    Over normal concepts and all their scenes the effects average to `mean`, mentions too.
    """
    fewest, most = world.n_scenes
    counts = rng.integers(fewest, most + 1, world.n_concepts)
    concept = np.repeat(np.arange(world.n_concepts), counts)
    shape = (len(concept), len(mean))
    noise = world.scene * rng.normal(size=(shape[0], 1)) + world.noise * rng.normal(size=shape)
    deviation = of_concepts[concept] + noise
    if world.effects == "continuous":
        return mean + deviation, concept
    spread = np.sqrt(world.level**2 + world.own**2 + world.scene**2 + world.noise**2)
    threshold = np.array([normal_quantile(share) for share in mean + world.lost]) * spread
    return (deviation < threshold) - 1.0 * (rng.random(shape) < world.lost), concept
