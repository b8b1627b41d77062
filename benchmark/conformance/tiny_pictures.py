"""A data set of tiny planted pictures and captions that a linear backend reads exactly.

A picture holds the magnitudes of its concepts in one colour channel and noise in another; a caption
lists concepts and magnitudes in words. Both say what is there, so labels and true pairs are known.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from benchmark.contracts import Concepts, Need, Negatives, Planted, Split, derived_seed

N_SHARED, N_PRIVATE = 10, 4
N_ATOMS = N_SHARED + N_PRIVATE
"""Atoms of one modality: shared concepts first, then its own."""
PICTURE_WIDTH = 32
SIZES: dict[str, int] = {"train": 480, "val": 160, "test": 240}
CAPTIONS_EACH = 2


@dataclass(frozen=True, eq=False)
class TinyExamples:
    """One split. `seen` collects what was asked of it: `concepts` is how labels can leak."""

    name: str
    picture: UInt8[np.ndarray, "n_i 1 w 3"]
    captions: Sequence[str]
    caption_of: Int[np.ndarray, " n_t"]
    image_has: Bool[np.ndarray, "n_i c"]
    text_has: Bool[np.ndarray, "n_t c"]
    negatives: Negatives | None
    seen: set[str] = field(default_factory=set)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"{self.name}-{i}" for i in range(len(self.picture)))

    @property
    def concepts(self) -> Concepts:
        """Labels of both modalities; asking is noted."""
        self.seen.add(f"the concept labels of {self.name}")
        names = tuple(f"concept{i}" for i in range(N_SHARED))
        return Concepts(names, ("object",) * N_SHARED, self.image_has, self.text_has)

    def images(self, start: int, stop: int) -> UInt8[np.ndarray, "b 1 w 3"]:
        return self.picture[start:stop]

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """A caption is true of every picture that has all it mentions."""
        lacks = self.text_has.astype(int) @ (~self.image_has).T.astype(int)
        text, image = np.nonzero(lacks == 0)
        return np.unique(np.stack([image, text], axis=1), axis=0)


@dataclass(frozen=True)
class TinyData:
    """Pictures and captions of one seed. `roll` renames the concepts of every label."""

    seed: int = 0
    roll: int = 0
    planted: Planted | None = None
    name: str = "tiny"
    licence: str = "none: made here"
    provides: frozenset[Need] = frozenset({Need.PAIRS, Need.CONCEPTS, Need.PLANTED})
    seen: set[str] = field(default_factory=set)

    @property
    def revision(self) -> str:
        return f"seed {self.seed}"

    def split(self, name: Split) -> TinyExamples:
        """One split; asking for what a fit must not see is noted."""
        if name not in ("train", "val"):
            self.seen.add(f"the {name} split")
        if name == "all":
            raise ValueError("the tiny world has no split of all rows: wanted train, val or test")
        return self._splits[name]

    @cached_property
    def _splits(self) -> dict[str, TinyExamples]:
        return {name: drawn(name, n, self) for name, n in SIZES.items()}


def drawn(name: str, n: int, data: TinyData) -> TinyExamples:
    """n pictures of one to three shared concepts, and two captions each: the last may omit one."""
    rng = np.random.default_rng(derived_seed("tiny", data.seed, name))
    has = support(n, rng)
    magnitude = has * rng.integers(40, 250, has.shape)
    noise = rng.integers(0, 256, (n, PICTURE_WIDTH))
    picture = np.zeros((n, 1, PICTURE_WIDTH, 3), np.uint8)
    picture[:, 0, :N_ATOMS, 0], picture[:, 0, :, 1] = magnitude, noise
    owner = np.repeat(np.arange(n), CAPTIONS_EACH)
    text_has = has[owner].copy()
    text_has[:, N_SHARED:] = rng.random((len(owner), N_PRIVATE)) < 0.15
    for row in range(1, len(owner), CAPTIONS_EACH):
        there = np.flatnonzero(text_has[row, :N_SHARED])
        if len(there) > 1:
            text_has[row, rng.choice(there)] = False
    said = text_has * np.clip(rng.normal(1, 0.3, text_has.shape), 0.3, 2)
    captions = [caption(row, i) for i, row in enumerate(said)]
    return TinyExamples(
        name=name,
        picture=picture,
        captions=captions,
        caption_of=owner,
        image_has=np.roll(has[:, :N_SHARED], data.roll, axis=1),
        text_has=np.roll(text_has[:, :N_SHARED], data.roll, axis=1),
        negatives=swapped(said, has[owner], rng) if name == "test" else None,
        seen=data.seen,
    )


def support(n: int, rng: np.random.Generator) -> Bool[np.ndarray, "n a"]:
    """Which atoms are in each picture: one to three shared ones, now and then a private one."""
    has = np.zeros((n, N_ATOMS), bool)
    for row, count in zip(has, rng.integers(1, 4, n), strict=True):
        row[rng.choice(N_SHARED, count, replace=False)] = True
    has[:, N_SHARED:] = rng.random((n, N_PRIVATE)) < 0.15
    return has


def caption(said: Float[np.ndarray, " a"], number: int) -> str:
    """Words that say which atoms there are and how strong; the number keeps captions apart."""
    words = [f"atom{a}={said[a]:.2f}" for a in np.flatnonzero(said)]
    return " ".join([f"caption {number}:", *words])


def swapped(
    said: Float[np.ndarray, "n_t a"], true: Bool[np.ndarray, "n_t a"], rng: np.random.Generator
) -> Negatives:
    """Each caption with one concept replaced by one that is not in the picture."""
    captions = []
    for i, row in enumerate(said):
        present, absent = (np.flatnonzero(x) for x in (row[:N_SHARED], ~true[i, :N_SHARED]))
        false, old = row.copy(), rng.choice(present)
        false[rng.choice(absent)], false[old] = row[old], 0
        captions.append(caption(false, i))
    kinds = tuple("colour" if i % 2 else "position" for i in range(len(captions)))
    return Negatives(tuple(captions), np.arange(len(captions)), kinds)
