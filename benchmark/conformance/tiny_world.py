"""The tiny planted world: a linear backend over tiny pictures, and what a method sees of it."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.activations.reading import activations
from benchmark.conformance.tiny_pictures import N_ATOMS, N_PRIVATE, N_SHARED, TinyData
from benchmark.contracts import (
    Backend,
    Examples,
    Modality,
    Need,
    PairedActivations,
    Planted,
    Site,
    TrainingData,
    derived_seed,
)
from benchmark.worlds.atoms import Layout, planted_atoms

SITE = Site("embedding", "image", "text")
D_IMAGE, D_TEXT = 24, 28
NOISE = 0.05


@dataclass(eq=False)
class TinyBackend:
    """Two linear towers: x = magnitudes @ atoms + noise. Weights are a plain mapping."""

    weights: dict[str, Float[Tensor, "a d"]]
    data: Any
    """A TinyData, with its notes of what was asked."""
    name: str = "tiny"
    revision: str = "1"
    provides: frozenset[Need] = frozenset({Need.PAIRS, Need.SAME_WIDTH})
    sites: tuple[Site, ...] = (SITE,)
    preprocessing: str = "none"
    dtype: str = "float32"

    def encode(
        self, examples: Examples, modality: Modality, start: int, stop: int, site: Site
    ) -> Float[Tensor, "b d"]:
        """Rows of pictures or captions, each read by itself."""
        if modality == "text":
            return self.encode_texts(examples.captions[start:stop], site)
        pixels = torch.from_numpy(np.asarray(examples.images(start, stop), np.float32))
        noise = pixels[:, 0, : self.weights["image"].shape[1], 1] / 128 - 1
        return pixels[:, 0, :N_ATOMS, 0] / 128 @ self.weights["image"] + NOISE * noise

    def encode_texts(self, texts: Sequence[str], site: Site) -> Float[Tensor, "b d"]:
        """What the words of each caption say, and noise of its own."""
        del site
        said = torch.zeros(len(texts), N_ATOMS)
        noise = torch.zeros(len(texts), self.weights["text"].shape[1])
        for i, text in enumerate(texts):
            for atom, _, value in (w[4:].partition("=") for w in text.split() if "=" in w):
                said[i, int(atom)] = float(value)
            own = torch.Generator().manual_seed(derived_seed("tiny noise", text))
            noise[i] = torch.rand(noise.shape[1], generator=own) * 2 - 1
        return said @ self.weights["text"] + NOISE * noise

    def state_dict(self) -> dict[str, Tensor]:
        return self.weights

    def patched(self, patch: Mapping[str, Tensor]) -> Backend:
        """Another backend with these weights. Raises ValueError for a name it does not have."""
        unknown = sorted(set(patch) - set(self.weights))
        if unknown:
            raise ValueError(f"patch names {unknown}, wanted some of {sorted(self.weights)}")
        weights = {name: patch.get(name, own).clone() for name, own in self.weights.items()}
        sums = ",".join(f"{name}:{float(w.sum()):.9g}" for name, w in sorted(patch.items()))
        return replace(self, weights=weights, revision=f"{self.revision}+{sums}".rstrip("+"))


@dataclass(frozen=True, eq=False)
class World:
    """A backend, what it says of every split, and the truth."""

    backend: TinyBackend
    splits: dict[str, PairedActivations]
    planted: Planted | None
    """None where widths differ: a planted world has one."""
    seen: set[str] = field(default_factory=set)
    """What was asked of the data that a fit must not see."""

    def copy(self) -> World:
        """The same world in memory of its own: what happens to it happens to nobody else."""
        twin = copy.deepcopy(self.backend)
        twin.data.seen.clear()
        return World(twin, copy.deepcopy(self.splits), self.planted, twin.data.seen)

    def training_data(self, may_see: frozenset[Need], seed: int) -> TrainingData:
        """What a method with these needs sees: labels and truth only where it declares them."""
        labelled = Need.CONCEPTS in may_see
        train, val = (
            self.splits[name] if labelled else replace(self.splits[name], concepts=None)
            for name in ("train", "val")
        )
        planted = self.planted if Need.PLANTED in may_see else None
        return TrainingData(train, val, SITE, seed, self.backend, planted)


def world(seed: int = 0, *, equal_widths: bool = True, roll: int = 0) -> World:
    """The world of a seed, with the same dictionary for all seeds; copy it before handing it out.

    Atoms are orthonormal. With unequal widths text rows have four columns more than image rows;
    `roll` gives every concept the name of another.
    """
    return _made(seed, equal_widths, roll)


@cache
def _made(seed: int, equal_widths: bool, roll: int) -> World:
    layout = Layout(N_SHARED, N_PRIVATE, N_PRIVATE, D_IMAGE, alpha=0.8)
    image, text = planted_atoms(layout, eps_max=0.05, seed=0)
    if not equal_widths:
        generator = torch.Generator().manual_seed(0)
        turn = torch.linalg.qr(torch.randn(D_TEXT, D_TEXT, generator=generator))[0]
        text = text @ turn[:D_IMAGE]
    shown = Planted(image, text, N_SHARED, NOISE) if equal_widths else None
    backend = TinyBackend({"image": image, "text": text}, TinyData(seed, roll, shown))
    splits = {
        name: activations(backend, backend.data, name, SITE, store=None)
        for name in ("train", "val", "test")
    }
    return World(backend, splits, shown)
