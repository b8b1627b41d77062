"""Scores of latents in both modalities as one: each modality weighs a half, however many it has."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Modality, Units


@dataclass(frozen=True, eq=False)
class Part:
    """What the latents of one modality score; nothing but their weights says how much each counts.

    A modality in which no latent is scored is one unit of 0: it is not left out of the mean.
    """

    values: Float[np.ndarray, " u"]
    weights: Float[np.ndarray, " u"]
    latents: Int[np.ndarray, " u"]
    """Aligned coordinates: one latent that serves both modalities is drawn again in both."""

    def units(self) -> Units:
        """This modality alone: Σ weight · value / Σ weight."""
        return Units(self.values * self.weights, self.weights)


NOTHING = Part(np.zeros(1), np.ones(1), np.full(1, -1))


def part(
    values: Float[np.ndarray, " u"],
    latents: Int[np.ndarray, " u"],
    weights: Float[np.ndarray, " u"] | None = None,
) -> Part:
    """A part in which latents count alike unless they have weights; one of 0 where nothing counts.

    Where weights are given and add up to 0, nothing counts.
    """
    weights = np.ones(len(values)) if weights is None else weights
    return Part(values, weights, latents) if weights.sum() > 0 else NOTHING


def mean_of_both(parts: Sequence[Part]) -> Units:
    """The mean of the parts' own means, as one ratio whose units are latents."""
    n = sum(len(each.values) for each in parts)
    weights = [each.weights * (n / len(parts) / each.weights.sum()) for each in parts]
    values = [each.values * weight for each, weight in zip(parts, weights, strict=True)]
    latents = np.concatenate([each.latents for each in parts])
    return Units(np.concatenate(values), np.concatenate(weights), cluster=latents, drawn="latent")


def by_modality(parts: Mapping[str, Mapping[Modality, Part]]) -> dict[str, Units]:
    """Of every metric the mean of both modalities under its name, and each behind a slash."""
    found = {}
    for name, sides in parts.items():
        found[name] = mean_of_both(list(sides.values()))
        found |= {f"{name}/{modality}": each.units() for modality, each in sides.items()}
    return found
