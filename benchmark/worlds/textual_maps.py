"""A scene told patch by patch in words: what a language model reads before it sees a picture.

A plain map has one word a patch. A blended map has several words a patch, each with a weight, and
the errors of a linear reading: words that are not there, confusions, noise. The sum of their
embeddings is what a linear projector can hope to make of a patch token.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float

from benchmark.worlds.drafts import pick
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS, meanings
from benchmark.worlds.scene import Placed, Scene

SLOTS = 7
"""Words of a patch at most: ground, three that are wrong, object, colour, a confusion."""


@dataclass(frozen=True)
class Noise:
    """How far a blended map is from what it tells."""

    lowest: float = 0.35
    """Least weight of a true word; the greatest is 1."""
    lost: float = 0.2
    """Share of an object's patches that do not name it; one always does."""
    wrong: float = 0.25
    """Greatest weight of each wrong word of a patch."""
    confused: float = 0.3
    """Greatest weight of one wrong object in all patches of a true one."""
    words: float = 0.2
    """Greatest deviation, row by row, of a Gaussian weight on every word that a patch may have."""
    blur: float = 0.3
    """Length of the added Gaussian vector, in lengths of a mean word embedding."""


MODERATE = Noise(confused=0.15, words=0.1)
"""Half of what is worst: where a projector that reads well is expected to be."""


@dataclass(frozen=True)
class Blend:
    """Words of every patch and their weights; a weight of 0 is no word."""

    words: tuple[tuple[str, ...], ...]
    weights: Float[np.ndarray, "p s"]


@lru_cache(maxsize=1)
def patch_words() -> tuple[tuple[str, ...], ...]:
    """The words that may stand for each object in a map: unambiguous, one word, the head first."""
    owners = meanings()
    found = []
    for item in OBJECTS:
        single = [n for n in item.names if " " not in n and len(owners[n]) == 1]
        found.append((head(item.name), *(n for n in single if n != item.name)))
    return tuple(found)


def head(name: str) -> str:
    """The first word of a name, by which a map calls it; no two objects share theirs."""
    return name.split()[0]


def plain(rng: random.Random, scene: Scene, grid: int, noise: Noise) -> tuple[str, ...]:
    """One word a patch, row by row: object or colour where there is one, else the ground.

    At least one patch of an object names it and at least one its colour.
    """
    words = [BACKGROUNDS[scene.background].name] * grid**2
    for item in scene.objects:
        patches = sorted(item.patches(grid), key=lambda _: rng.random())
        name, colour = pick(rng, patch_words()[item.object]), COLOURS[item.colour].name
        for place, patch in enumerate(patches):
            named = (True, False)[place] if place < 2 else rng.random() < 0.5
            words[patch] = name if named else colour
    for patch in range(grid**2):
        if words[patch] == BACKGROUNDS[scene.background].name and rng.random() < noise.lost / 4:
            words[patch] = pick(rng, COLOURS).name
    return tuple(words)


def blended(rng: random.Random, scene: Scene, grid: int, noise: Noise) -> Blend:
    """Several words a patch, weighted; the ground shines through, wrong words mix in."""
    ground = BACKGROUNDS[scene.background].name
    words = [[ground] * SLOTS for _ in range(grid**2)]
    weights = np.zeros((grid**2, SLOTS), dtype=np.float32)
    for patch in range(grid**2):
        weights[patch, 0] = _weight(rng, noise.lowest)
        for slot in (1, 2, 3):
            words[patch][slot] = head(pick(rng, OBJECTS).name)
            weights[patch, slot] = noise.wrong * rng.random() * rng.random()
    for item in scene.objects:
        _tell(rng, item, words, weights, grid, noise)
    return Blend(tuple(tuple(row) for row in words), weights)


def _tell(
    rng: random.Random,
    item: Placed,
    words: list[list[str]],
    weights: Float[np.ndarray, "p s"],
    grid: int,
    noise: Noise,
) -> None:
    """Puts an object and its colour into its patches."""
    patches = list(item.patches(grid))
    sure, other = pick(rng, patches), head(pick(rng, OBJECTS).name)
    confused = noise.confused * rng.random()
    for patch in patches:
        words[patch][6], weights[patch, 6] = other, confused
        told = patch == sure or rng.random() >= noise.lost
        words[patch][4] = head(OBJECTS[item.object].name)
        words[patch][5] = COLOURS[item.colour].name
        weights[patch, 4] = _weight(rng, noise.lowest) if told else 0.0
        weights[patch, 5] = _weight(rng, noise.lowest)
        weights[patch, 0] *= rng.random()


@lru_cache(maxsize=1)
def every_word() -> tuple[str, ...]:
    """All words that a blended patch may have: objects, colours, grounds."""
    names = [head(item.name) for item in OBJECTS]
    return (*names, *(c.name for c in COLOURS), *(b.name for b in BACKGROUNDS))


def _weight(rng: random.Random, lowest: float) -> float:
    return lowest + (1 - lowest) * rng.random()
