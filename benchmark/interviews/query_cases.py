"""Which concept is added to which picture: drawn once, the same for every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Int

from benchmark.contracts import NotApplicableError, Subject
from benchmark.metrics.classes import things_of
from benchmark.metrics.queries import Gallery, gallery
from benchmark.metrics.subsets import first_images

Asked = Literal["val", "test"]
PICTURES = 1000
"""The first pictures of a split that queries are held against, with their captions."""
BASES = 10
"""Pictures that each concept is added to."""
LEAST = 5
"""Pictures that show a concept, and captions that assert it, before it is looked for."""
QUERIES = "queries"
"""In a subject's cache: cases, and what no direction can change."""


@dataclass(frozen=True, eq=False)
class Cases:
    """A concept and a picture without it, case by case."""

    gallery: Gallery
    concepts: tuple[int, ...]
    base: Int[np.ndarray, " n"]
    concept: Int[np.ndarray, " n"]
    place: Int[np.ndarray, " n"]
    """The place of each case's concept among the concepts."""


def cases_of(subject: Subject, split: Asked) -> Cases:
    """The cases of a split. Raises NotApplicableError where rows are no joint embedding, and where
    no concept is frequent enough."""
    key = (QUERIES, "cases", split)
    if key not in subject.cache:
        check_joint(subject)
        data = first_images(getattr(subject, split), PICTURES)
        rng = subject.rng(f"queries/{split}")
        subject.cache[key] = drawn(gallery(data), things_of(subject), BASES, rng)
    return subject.cache[key]


def check_joint(subject: Subject) -> None:
    """Raises NotApplicableError where pictures and captions are not one row each of one space."""
    site = subject.artifact.site
    if site.block is not None:
        raise NotApplicableError(
            f"rows at {site.name} are no joint embedding: pictures and captions do not meet there"
        )
    if not (subject.train.pooled and subject.test.pooled):
        raise NotApplicableError(
            f"a picture or a caption has several rows at {site.name}: a query is one row"
        )


def drawn(of: Gallery, things: Sequence[int], most: int, rng: np.random.Generator) -> Cases:
    """So many pictures without each concept that is frequent enough, or all there are."""
    frequent = (of.shows.sum(0) >= LEAST) & (of.says.sum(0) >= LEAST)
    told = of.own.any(1)
    concepts, base = [], []
    for concept in things:
        able = np.flatnonzero(told & ~of.shows[:, concept])
        order = rng.permutation(len(able))
        if frequent[concept] and len(able):
            concepts.append(concept)
            base.append(np.sort(able[order[:most]]))
    if not concepts:
        raise NotApplicableError(
            f"none of {len(things)} things is shown by {LEAST} pictures, asserted by {LEAST} "
            f"captions, and missing from another picture that has a caption"
        )
    place = np.repeat(np.arange(len(concepts)), [len(own) for own in base])
    return Cases(of, tuple(concepts), np.concatenate(base), np.array(concepts)[place], place)
