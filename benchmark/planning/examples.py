"""How many pictures and captions a run reads of each split, and how long they are."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean
from typing import Any

import numpy as np

from benchmark.activations.views import texts_of_first
from benchmark.contracts import Dataset, Examples, Split
from benchmark.planning.corpora import DECODE_S, PIXELS
from benchmark.planning.listed import Listed
from benchmark.planning.making import drawing, labelling
from benchmark.planning.outline import WORDS_TO_TOKENS, Outline
from benchmark.planning.talking import DESCRIBE_TOKENS, SILENT, Talked, talked

SAMPLE = 256
"""Captions whose tokens are counted where the mean is enough."""


@dataclass(frozen=True)
class Counts:
    """One split as a backend reads it. Distinct captions are read once."""

    split: str
    images: int
    captions: int
    distinct: int
    negatives: int
    tokens: float
    """Of a caption, on average."""
    longest: float
    all_tokens: float
    """Of all distinct captions together: rows at sites of tokens."""
    false_tokens: float
    """The same of false captions."""
    concepts: int = 0
    talk: Talked = SILENT

    @property
    def examples(self) -> int:
        """Pictures and captions."""
        return self.images + self.captions


@dataclass(frozen=True)
class Material:
    """All that a run reads of one data set."""

    counts: tuple[Counts, ...]
    size: tuple[int, int]
    """Height and width of a picture."""
    draw_s: float
    """Seconds to make or decode one picture."""
    build_s: float
    """Seconds that its captions and labels took to be made here; a run takes them too."""

    def of(self, split: str) -> Counts:
        """Counts of one split."""
        return next(each for each in self.counts if each.split == split)

    @property
    def images(self) -> int:
        return sum(each.images for each in self.counts)

    @property
    def captions(self) -> int:
        return sum(each.captions for each in self.counts)


def splits_of(split: Split) -> tuple[Split, ...]:
    """The splits that a run reads: train, val, and the one that is evaluated."""
    return tuple(dict.fromkeys(("train", "val", split)))


def shown(data: Listed, splits: Sequence[Split], limit: int | None) -> int:
    """Pictures of some splits of a data set of the table that are shown to a model."""
    whole = (data.images(name) for name in splits)
    return sum(min(n, limit or n) for n in whole)


def picture_size(data: Dataset | None) -> tuple[int, int]:
    """Height and width of the first picture of val, or of a typical one."""
    if data is None or isinstance(data, Listed):
        return PIXELS
    try:
        first: Any = data.split("val").images(0, 1)[0]
    except (ValueError, AttributeError):  # rows without pictures
        return PIXELS
    if hasattr(first, "shape"):
        return int(first.shape[0]), int(first.shape[1])
    return int(first.height), int(first.width)


def material(
    outline: Outline, data: Dataset, split: Split, limit: int | None, *, every_token: bool
) -> Material:
    """What is read of a data set by a model; exact where the data are here.

    `every_token`: tokens of all captions are counted, not of a sample.
    """
    names = splits_of(split)
    if isinstance(data, Listed):
        return Material(tuple(_listed(data, name, limit) for name in names), PIXELS, DECODE_S, 0.0)
    recipe = getattr(data, "recipe", None)
    if recipe is not None:
        return Material(tuple(_planted(recipe, name, limit) for name in names), PIXELS, 0.0, 0.0)
    started = time.process_time()
    found = [_counted(outline, data, name, limit, every_token) for name in names]
    build_s = time.process_time() - started
    concepts, label_s = labelling(data, names)
    talk = talked(outline, data.split(split), found[-1].images)
    found[-1] = replace(found[-1], concepts=concepts, talk=talk)
    build_s += label_s
    draw_s = 0.0 if outline.in_memory else drawing(data)
    return Material(tuple(found), picture_size(data), draw_s, build_s)


def _counted(
    outline: Outline, data: Dataset, name: Split, limit: int | None, every_token: bool
) -> Counts:
    """Counts of examples that are at hand."""
    whole = data.split(name)
    images = min(len(whole.ids), limit or len(whole.ids))
    captions = [whole.captions[j] for j in texts_of_first(whole, images)]
    distinct = sorted(set(captions))
    false = sorted(set(_false(whole, images)))
    step = 1 if every_token else max(1, len(distinct) // SAMPLE)
    tokens, wrong = (outline.tokens_of(each[::step]) for each in (distinct, false))
    return Counts(
        name,
        images,
        len(captions),
        len(distinct),
        len(false),
        fmean(tokens) if tokens else 0.0,
        max(tokens, default=0.0),
        sum(tokens) * len(distinct) / max(1, len(tokens)),
        sum(wrong) * len(false) / max(1, len(wrong)),
    )


def _false(whole: Examples, images: int) -> list[str]:
    """False captions of the first pictures."""
    negatives = whole.negatives
    if negatives is None:
        return []
    owner = np.asarray(whole.caption_of)[negatives.caption]
    return [negatives.captions[j] for j in np.flatnonzero(owner < images)]


def _listed(data: Listed, name: Split, limit: int | None) -> Counts:
    """Counts as the table has them."""
    corpus = data.corpus
    images = shown(data, (name,), limit)
    captions = round(images * corpus.captions)
    distinct = max(1, round(captions * corpus.distinct))
    tokens = corpus.words * WORDS_TO_TOKENS
    return Counts(
        name, images, captions, distinct, 0, tokens, 2.5 * tokens, tokens * distinct, 0.0,
        corpus.concepts, Talked(1.0, DESCRIBE_TOKENS + tokens),
    )  # fmt: skip


def _planted(recipe: Any, name: str, limit: int | None) -> Counts:
    """Counts of a planted world, whose rows are not drawn for it."""
    sizes = {"train": recipe.n_train, "val": recipe.n_val, "test": recipe.n_test}
    whole = sum(sizes.values()) if name == "all" else sizes[name]
    n = min(whole, limit or whole)
    return Counts(name, n, n, n, 0, 1.0, 1.0, n, 0.0, recipe.n_shared)
