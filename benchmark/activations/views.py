"""Examples seen in part: the first images of a split, or each distinct caption once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Int

from benchmark.contracts import Concepts, Examples, Negatives, Talk, talks_of


@dataclass(frozen=True, eq=False)
class View:
    """Examples made of parts of others; pictures are the first ones of the source."""

    source: Examples
    ids: Sequence[str]
    captions: Sequence[str]
    caption_of: Int[np.ndarray, " n_t"]
    concepts: Concepts | None = None
    negatives: Negatives | None = None
    place: Int[np.ndarray, " n_s"] | None = None
    """Number here of each caption of the source, -1 where it is left out."""
    draw: Callable[[int, int], Any] | None = None
    """Another way to the same pictures."""

    def images(self, start: int, stop: int) -> Any:
        """Pictures start..stop of the source."""
        return (self.draw or self.source.images)(start, stop)

    def talks(self, start: int, stop: int) -> Sequence[Talk]:
        """What is said about pictures start..stop of the source."""
        return talks_of(self.source, start, stop)

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Every (image, caption) of the source that is left, renumbered."""
        if self.place is None:
            raise ValueError("distinct captions have no pairs of their own: ask the whole split")
        pairs = np.asarray(self.source.true_pairs())
        pairs = pairs[(pairs[:, 0] < len(self.ids)) & (self.place[pairs[:, 1]] >= 0)]
        return np.stack([pairs[:, 0], self.place[pairs[:, 1]]], axis=1)


def texts_of_first(examples: Examples, n: int) -> Int[np.ndarray, " n_t"]:
    """Indices of the captions that were written for the first n images."""
    return np.flatnonzero(np.asarray(examples.caption_of) < n)


def first_images(examples: Examples, n: int) -> View:
    """The first n images and all that belongs to them."""
    texts = texts_of_first(examples, n)
    new = np.full(len(examples.captions), -1)
    new[texts] = np.arange(len(texts))
    c, false = examples.concepts, examples.negatives
    return View(
        source=examples,
        ids=examples.ids[:n],
        captions=[examples.captions[j] for j in texts],
        caption_of=np.asarray(examples.caption_of)[texts],
        concepts=c and Concepts(c.names, c.kinds, c.image[:n], c.text[texts]),
        negatives=false and _kept(false, new),
        place=new,
    )


def seen(examples: Examples, limit: int | None) -> Examples:
    """The examples that a limit leaves."""
    return first_images(examples, limit) if limit and limit < len(examples.ids) else examples


def _kept(false: Negatives, new: Int[np.ndarray, " n_t"]) -> Negatives:
    kept = np.flatnonzero(new[false.caption] >= 0)
    return Negatives(
        captions=tuple(false.captions[i] for i in kept),
        caption=new[false.caption[kept]],
        kinds=tuple(false.kinds[i] for i in kept),
    )


def distinct(captions: Sequence[str]) -> tuple[list[str], Int[np.ndarray, " n"]]:
    """Each caption once, those of few words first (batches of like length), and where it went."""
    ordered = sorted(set(captions), key=lambda text: (text.count(" "), len(text), text))
    place = {text: i for i, text in enumerate(ordered)}
    return ordered, np.fromiter((place[text] for text in captions), np.int64, len(captions))


def distinct_texts(examples: Examples) -> tuple[View, Int[np.ndarray, " n_t"]]:
    """A view that has each caption once, and the row of it that each caption reads."""
    captions, place = distinct(examples.captions)
    owner = np.zeros(len(captions), dtype=np.int64)
    owner[place[::-1]] = np.asarray(examples.caption_of)[::-1]
    return View(examples, examples.ids, captions, owner), place
