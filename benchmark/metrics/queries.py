"""Rows of a joint embedding as queries: what they find among pictures and captions, by cosine.

Dense rows decide, the same for every method: codes are not asked.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.contracts import PairedActivations, SparseCodes
from benchmark.metrics.average_precision import average_precision
from benchmark.metrics.similarity import Millionths, UnitRows, blocks, unit_rows

NEAREST = 10
NONE, LEFT_OUT = -1, -(1 << 30)
CELLS = 1 << 18
"""Scores held at a time: few enough to stay in a cache."""


@dataclass(frozen=True, eq=False)
class Gallery:
    """Pictures and captions of a joint embedding, and what they show and say."""

    image: UnitRows
    text: UnitRows
    shows: Bool[np.ndarray, "n_i c"]
    says: Bool[np.ndarray, "n_t c"]
    own: Bool[np.ndarray, "n_i n_t"]
    """Captions that are true of each picture."""


@dataclass(frozen=True, eq=False)
class Found:
    """What each query finds. It was made from a picture, its base, and is about a concept."""

    images: Float[np.ndarray, " q"]
    """Average precision of the pictures that show the concept, among all but the base."""
    captions: Float[np.ndarray, " q"]
    """Average precision of the captions that assert it, among all."""
    own: Float[np.ndarray, " q"]
    """Average precision of the captions true of the base, among those that do not assert it."""
    nearest: Int[np.ndarray, "q k"]
    """The nearest pictures but the base that do not show it, the first of tied ones; -1 where
    there are fewer."""


def gallery(data: PairedActivations) -> Gallery:
    """Every picture and caption of some activations with one row each."""
    own = np.zeros((data.n_images, data.n_texts), dtype=bool)
    pairs = data.pairs.cpu().numpy()
    own[pairs[:, 0], pairs[:, 1]] = True
    image, text = (
        unit_rows(SparseCodes(rows, None, rows.shape[1])) for rows in (data.image, data.text)
    )
    return Gallery(image, text, data.labels("image"), data.labels("text"), own)


def asked(
    of: Gallery,
    rows: Float[np.ndarray, "q d"],
    base: Int[np.ndarray, " q"],
    concept: Int[np.ndarray, " q"],
) -> Found:
    """What queries find, in blocks of them."""
    step = max(1, CELLS // max(len(of.image), len(of.text)))
    starts = range(0, max(len(rows), 1), step)
    parts = [_asked(of, *(each[i : i + step] for each in (rows, base, concept))) for i in starts]
    names = ("images", "captions", "own", "nearest")
    return Found(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


def _asked(
    of: Gallery,
    rows: Float[np.ndarray, "q d"],
    base: Int[np.ndarray, " q"],
    concept: Int[np.ndarray, " q"],
) -> Found:
    unit = rows / np.maximum(np.linalg.norm(rows, axis=1), 1e-300)[:, None]
    pictures, captions = (_scores(unit, side) for side in (of.image, of.text))
    shows, says, own = of.shows[:, concept].T, of.says[:, concept].T, of.own[base]
    others = np.ones(pictures.shape, dtype=bool)
    others[np.arange(len(base)), base] = False
    return Found(
        images=average_precision(pictures, shows & others, others),
        captions=average_precision(captions, says),
        own=average_precision(captions, own, own | ~says),
        nearest=_nearest(np.where(others & ~shows, pictures, LEFT_OUT)),
    )


def _scores(unit: Float[np.ndarray, "q d"], side: UnitRows) -> Millionths:
    none = np.empty((0, len(side)), dtype=np.int32)
    return np.concatenate([none, *(part for _, part in blocks(unit, side))])


def _nearest(scores: Millionths) -> Int[np.ndarray, "q k"]:
    """Places of the highest scores of each row, in no promised order; none where it is LEFT_OUT."""
    n = scores.shape[1]
    keys = n * -scores.astype(np.int64) + np.arange(n)
    k = min(NEAREST, n)
    places = np.argpartition(keys, k - 1, axis=1)[:, :k]
    return np.where(np.take_along_axis(scores, places, axis=1) == LEFT_OUT, NONE, places)


def overlap(
    before: Int[np.ndarray, "q k"], after: Int[np.ndarray, "q k"]
) -> Float[np.ndarray, " q"]:
    """The share of each row that is in the same row of the other; 0 for a row of none."""
    there = before != NONE
    kept = (before[:, :, None] == after[:, None, :]).any(2) & there
    return np.asarray(kept.sum(1) / np.maximum(there.sum(1), 1))
