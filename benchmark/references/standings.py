"""How images and captions of a subject stand to each other: pairs, rows, ranks by cosine."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from jaxtyping import Int

from benchmark.contracts import Modality, PairedActivations, SparseCodes, Subject, averaged
from benchmark.metrics.ranking import Leaders, Standing, by_query, rank, rank_again, ranked
from benchmark.metrics.similarity import CELLS, Millionths, UnitRows, blocks, pair_scores, unit_rows
from benchmark.references.changes import wanted

DIRECTIONS: dict[str, tuple[Modality, Modality]] = {
    "i2t": ("image", "text"),
    "t2i": ("text", "image"),
}
KEPT = 1 << 26
"""Cosines of codes that are kept for drawn nulls, four bytes each; above that they are redone."""


def comparable(subject: Subject, space: str) -> bool:
    """Codes share their frame; reconstructions are comparable only where the widths agree."""
    return not space or subject.test.image.shape[1] == subject.test.text.shape[1]


def true_pairs(subject: Subject, direction: str) -> Int[np.ndarray, "p 2"]:
    """(query, candidate) of every true pair."""
    return pairs_of(subject.test, direction)


@lru_cache(maxsize=4)
def pairs_of(test: PairedActivations, direction: str) -> Int[np.ndarray, "p 2"]:
    """The same, one array for one split: there may be a million of them."""
    pairs = test.pairs.cpu().numpy()
    return pairs if direction == "i2t" else pairs[:, ::-1]


@lru_cache(maxsize=4)
def distinct_pairs(test: PairedActivations, direction: str) -> Int[np.ndarray, "p 2"]:
    """Each of them once, in the order of queries."""
    return by_query(pairs_of(test, direction))


def owners(subject: Subject, direction: str) -> Int[np.ndarray, " n"]:
    """Image that each query belongs to: what is drawn again in the bootstrap."""
    if direction == "i2t":
        return np.arange(subject.test.n_images)
    return subject.test.caption_of.cpu().numpy()


def rows(subject: Subject, space: str, modality: Modality) -> UnitRows:
    """What is compared, at norm 1; kept for the references that leave codes alone."""
    key = ("unit rows", space, modality)
    if key not in subject.cache:
        subject.cache[key] = unit_rows(coded(subject, space, modality))
    return subject.cache[key]


def coded(subject: Subject, space: str, modality: Modality) -> SparseCodes:
    """Aligned codes, or reconstructions seen as dense codes: the mean over an example's rows."""
    if not space:
        return subject.codes("test", modality)
    test = subject.test
    made = subject.reconstruction("test", modality)
    x = averaged(made, test.owner(modality), test.n_examples(modality))
    return SparseCodes(x, None, x.shape[1])


def stand(subject: Subject, space: str, direction: str, pairs: Int[np.ndarray, "p 2"]) -> Standing:
    """Standing of every query; from the leading scores where recalls alone are asked again."""
    key = ("leaders", space, direction)
    leaders: Leaders | None = subject.cache.get(key)
    if leaders is not None and not wanted(subject, f"tie_rate/{direction}"):
        return rank_again(leaders, pairs, scores_again(subject, space, direction, pairs))
    queries, candidates = (rows(subject, space, m) for m in DIRECTIONS[direction])
    known = pairs is true_pairs(subject, direction)
    distinct = distinct_pairs(subject.test, direction) if known else by_query(pairs)
    few = queries.shape[0] * candidates.shape[0] <= KEPT
    if space and few:
        return ranked(both_ways(subject, space, direction), distinct)[0]
    again = not space
    every = again and few and direction == "i2t"
    found = rank(queries, candidates, distinct, leaders=again, every=every)
    standing, subject.cache[key] = found
    return standing


def both_ways(subject: Subject, space: str, direction: str) -> Iterator[tuple[int, Millionths]]:
    """Cosines of a space in blocks of queries: computed for images, turned and let go for texts."""
    key = ("cosines", space)
    if key not in subject.cache:
        images, texts = (rows(subject, space, m) for m in DIRECTIONS["i2t"])
        found = np.empty((images.shape[0], texts.shape[0]), dtype=np.int32)
        for start, scores in blocks(images, texts):
            found[start : start + len(scores)] = scores
        subject.cache[key] = found
    whole = subject.cache[key] if direction == "i2t" else subject.cache.pop(key).T
    step = max(1, CELLS // max(whole.shape[1], 1))
    for start in range(0, len(whole), step):
        yield start, np.ascontiguousarray(whole[start : start + step])


def scores_again(
    subject: Subject, space: str, direction: str, pairs: Int[np.ndarray, "p 2"]
) -> Int[np.ndarray, " p"]:
    """Cosines of pairs in millionths: looked up where all were kept, else computed."""
    images = subject.cache.get(("leaders", space, "i2t"))
    if images is not None and images.every is not None:
        image, text = pairs.T if direction == "i2t" else pairs[:, ::-1].T
        return images.every[image, text]
    query, candidate = DIRECTIONS[direction]
    return pair_scores(rows(subject, space, query), rows(subject, space, candidate), pairs)
