"""Two pictures that share one thing: the only teacher of the self-supervised tower.

One object keeps its colour and its cell, drawn in another variant, size, angle and place of the
cell; the ground keeps its kind, cut elsewhere; everything else is drawn anew. So what two patches
of the same place have in common is what the patch shows, and nothing of the rest of the picture.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from benchmark.worlds.claims import N_CELLS
from benchmark.worlds.drafts import pick
from benchmark.worlds.scene import Scene, redrawn, sample, stream

GRID = 6
GROUND_PATCHES = 2


@dataclass(frozen=True)
class Views:
    """Pairs of pictures, and the patches that show the same thing in both."""

    first: UInt8[np.ndarray, "b 96 96 3"]
    second: UInt8[np.ndarray, "b 96 96 3"]
    patches: Int[np.ndarray, "b s"]
    """The four patches of the shared object, then some of a cell that is empty in both."""


def pair(seed: int, index: int) -> tuple[Scene, Scene, list[int]]:
    """Pair number `index` of an endless stream, and its common patches."""
    first = sample(seed, "train", index, n_objects=1 + index % 3)
    rng = stream("views", seed, index)
    shared = pick(rng, first.objects)
    second = redrawn(rng, first, shared)
    taken = {item.cell for scene in (first, second) for item in scene.objects}
    empty = pick(rng, [cell for cell in range(N_CELLS) if cell not in taken])
    return first, second, [*shared.patches(GRID), *_some(rng, empty)]


def _some(rng: random.Random, cell: int) -> list[int]:
    """A few patches of a cell."""
    side = GRID // 3
    rows, columns = cell // 3 * side, cell % 3 * side
    every = [(rows + r) * GRID + columns + c for r in range(side) for c in range(side)]
    return [every.pop(int(rng.random() * len(every))) for _ in range(GROUND_PATCHES)]


def views(seed: int, first: int, n: int) -> Views:
    """n pairs from `first` on, rendered."""
    pairs = [pair(seed, first + i) for i in range(n)]
    return Views(
        np.stack([a.render() for a, _, _ in pairs]),
        np.stack([b.render() for _, b, _ in pairs]),
        np.array([patches for _, _, patches in pairs]),
    )
