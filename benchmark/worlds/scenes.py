"""The pocket world as data: rendered scenes, captions that are always true, every true pair.

`Scenes` is the data set, `Scenes().split("test")` the examples. Scenes are drawn one by one from
(seed, split, index), so a larger size only adds scenes. Contents (objects, colours, cells, ground)
of the splits never meet, at any seed; empty scenes, which have only a ground, are the exception.
Held-out (object, colour) pairs are in about 8 % of the test scenes and in no other split.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import ClassVar

import numpy as np
from jaxtyping import Bool, Int, UInt8

from benchmark.contracts import Concepts, Need, Negatives, Planted, Split, Talk
from benchmark.worlds import questions
from benchmark.worlds.backgrounds import SCENE_PX
from benchmark.worlds.captions import CAPTIONS_PER_SCENE, Caption, false_twins
from benchmark.worlds.changes import EditableScenes
from benchmark.worlds.claims import Claim, SceneTable, mentions
from benchmark.worlds.concepts import CONCEPT_KINDS, CONCEPT_NAMES, KINDS, PLACES
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import CATEGORY_OF, OBJECTS
from benchmark.worlds.scene import Scene, sample, stream

SPLITS: tuple[Split, ...] = ("train", "val", "test")
N_PROBES = 64
"""Scenes whose pixels and captions go into the revision."""


@dataclass(frozen=True, eq=False)
class SceneExamples(EditableScenes):
    """Scenes with five captions each, rendered and written when asked for."""

    ids: tuple[str, ...]
    scenes: tuple[Scene, ...]
    with_negatives: bool = True

    def image(self, i: int) -> UInt8[np.ndarray, "96 96 3"]:
        """Picture i, RGB."""
        return self.scenes[i].render()

    def images(self, start: int, stop: int) -> UInt8[np.ndarray, "b 96 96 3"]:
        """Pictures start..stop, RGB."""
        chosen = self.scenes[start:stop]
        out = np.empty((len(chosen), SCENE_PX, SCENE_PX, 3), dtype=np.uint8)
        for i, scene in enumerate(chosen):
            out[i] = scene.render()
        return out

    def talks(self, start: int, stop: int) -> tuple[Talk, ...]:
        """Questions about scenes start..stop with short answers that are certain word by word."""
        return tuple(_talk(scene) for scene in self.scenes[start:stop])

    @cached_property
    def written(self) -> tuple[Caption, ...]:
        """Every caption with what it asserts, scene by scene."""
        return tuple(caption for scene in self.scenes for caption in scene.captions())

    @cached_property
    def captions(self) -> tuple[str, ...]:
        """The text of every caption."""
        return tuple(caption.text for caption in self.written)

    @cached_property
    def caption_of(self) -> Int[np.ndarray, " n_t"]:
        """Index of the scene that each caption was written for."""
        return np.arange(len(self.scenes)).repeat(CAPTIONS_PER_SCENE)

    @cached_property
    def full_caption(self) -> Bool[np.ndarray, " n_t"]:
        """Captions that give every object with colour and place, and the ground: one a scene."""
        return np.array([caption.full for caption in self.written], dtype=bool)

    @cached_property
    def has_held_out(self) -> Bool[np.ndarray, " n_i"]:
        """Scenes with an (object, colour) pair that train and val never show."""
        return np.array([scene.has_held_out() for scene in self.scenes], dtype=bool)

    @cached_property
    def _pairs(self) -> Int[np.ndarray, "p 2"]:
        table = SceneTable([s.slots for s in self.scenes], [s.background for s in self.scenes])
        known: dict[Claim, Int[np.ndarray, " s"]] = {}
        rows = []
        for caption in self.written:
            if caption.claim not in known:
                known[caption.claim] = table.true_of(caption.claim)
            rows.append(known[caption.claim])
        texts = np.arange(len(rows)).repeat([len(row) for row in rows])
        return np.stack([np.concatenate([*rows, np.empty(0, dtype=np.int64)]), texts], axis=1)

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Every (image, caption) that is true, by caption, then by image."""
        return self._pairs

    @cached_property
    def concepts(self) -> Concepts:
        """Objects, colours, grounds and categories: in the picture, and asserted by the caption."""
        image = np.stack([_present(scene) for scene in self.scenes])
        known: dict[Claim, Bool[np.ndarray, " c"]] = {}
        for caption in self.written:
            if caption.claim not in known:
                known[caption.claim] = mentions(caption.claim, len(COLOURS), len(BACKGROUNDS))
        text = np.stack([known[caption.claim] for caption in self.written])
        return Concepts(CONCEPT_NAMES, CONCEPT_KINDS, image, text)

    @cached_property
    def negatives(self) -> Negatives | None:
        """Captions with two colours or two positions swapped, each false of its scene."""
        if not self.with_negatives:
            return None
        found = [
            (text, j, kind)
            for j, (caption, i) in enumerate(zip(self.written, self.caption_of, strict=True))
            for text, _, kind in self._twins(caption, i)
        ]
        texts, of, kinds = zip(*found, strict=True) if found else ((), (), ())
        return Negatives(texts, np.array(of, dtype=np.int64), kinds)

    def _twins(self, caption: Caption, i: int) -> list[tuple[str, Claim, str]]:
        scene = self.scenes[i]
        return list(false_twins(caption, scene.slots, scene.background))


def _talk(scene: Scene) -> Talk:
    said = questions.conversation(stream("talk", scene.key), scene)
    return tuple((each.question, each.answer) for each in said)


def _present(scene: Scene) -> Bool[np.ndarray, " c"]:
    """Concepts that a picture shows."""
    here = {f"object {item.object}" for item in scene.objects}
    here |= {f"colour {item.colour}" for item in scene.objects}
    here |= {f"category {CATEGORY_OF[item.object]}" for item in scene.objects}
    here.add(f"background {scene.background}")
    return np.array([f"{kind} {i}" in here for kind, i in PLACES])


@lru_cache(maxsize=8)
def _examples(
    seeds: tuple[int, int, int], sizes: tuple[int, int, int], name: Split
) -> SceneExamples:
    """One split; kept, because every method of a run asks for it."""
    wanted = SPLITS if name == "all" else (name,)
    ids, scenes = [], []
    for split in wanted:
        seed, size = (each[SPLITS.index(split)] for each in (seeds, sizes))
        ids += [f"scenes-{seed}-{split}-{i:05d}" for i in range(size)]
        scenes += [sample(seed, split, i) for i in range(size)]
    return SceneExamples(tuple(ids), tuple(scenes), with_negatives=name != "train")


@lru_cache(maxsize=1)
def _content_digest() -> str:
    """Digest of what the generator makes now: pixels, captions and claims of probe scenes."""
    digest = hashlib.sha256(repr((KINDS, OBJECTS, COLOURS, BACKGROUNDS)).encode())
    for split in SPLITS:
        for i in range(N_PROBES):
            scene = sample(0, split, i)
            digest.update(scene.render().tobytes())
            digest.update("\n".join(caption.text for caption in scene.captions()).encode())
            digest.update(repr(scene.slots).encode())
    return digest.hexdigest()


@dataclass(frozen=True)
class Scenes:
    """The pocket world at one seed: 12,000 / 1,000 / 2,000 scenes unless told otherwise."""

    seed: int = 0
    sizes: tuple[int, int, int] = (12_000, 1_000, 2_000)
    test_seed: int | None = None
    """Of the test scenes alone, where they are not those that everybody knows."""
    name: ClassVar[str] = "scenes"
    licence: ClassVar[str] = "MIT (generated; glyphs of DejaVu Sans, Bitstream Vera licence)"
    provides: ClassVar[frozenset[Need]] = frozenset(
        {Need.PAIRS, Need.CONCEPTS, Need.PLACES, Need.EDITS}
    )
    planted: ClassVar[Planted | None] = None

    def __post_init__(self) -> None:
        if len(self.sizes) != len(SPLITS) or min(self.sizes) < 1:
            raise ValueError(f"sizes are {self.sizes}, wanted three counts of at least 1 scene")

    @property
    def revision(self) -> str:
        """Changes whenever seed, sizes or anything generated changes."""
        key = f"{self.seed} {self.sizes} {_content_digest()}"
        if self.test_seed is not None:
            key += f" test {self.test_seed}"
        return hashlib.sha256(key.encode()).hexdigest()[:16]

    def split(self, name: Split) -> SceneExamples:
        """The examples of one split, or of all three. Raises ValueError for other names."""
        if name not in (*SPLITS, "all"):
            raise ValueError(f"no split called {name}: there are {', '.join(SPLITS)} and all")
        test = self.seed if self.test_seed is None else self.test_seed
        return _examples((self.seed, self.seed, test), tuple(self.sizes), name)

    def with_fresh_test(self, seed: int) -> Scenes:
        """The same world with other test scenes, of contents that train and val never show.

        Raises ValueError for the seed of the world: its test scenes are known.
        """
        if seed == self.seed:
            raise ValueError(f"seed {seed} draws test scenes that everybody knows: take another")
        return replace(self, test_seed=seed)
