"""Pairs of images and captions, half of them false, that no reader of one side can tell apart.

Images stand in twos and lend each other their captions: where (i, c) and (j, d) are written pairs,
(i, d) and (j, c) are the false ones. Every image and every caption is then as often in a true pair
as in a false one, so that a linear reader of [v; t] learns nothing at all; and whatever two pairs
have in common stays within two images, which are drawn again together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.contracts import PairedActivations, Units
from benchmark.metrics.averages import ratio


@dataclass(frozen=True, eq=False)
class Pairs:
    """Pairs of an image and a caption, as many true as false; `cluster` is the two images."""

    image: Int[np.ndarray, " p"]
    caption: Int[np.ndarray, " p"]
    true: Bool[np.ndarray, " p"]
    cluster: Int[np.ndarray, " p"]


def exchanged(
    data: PairedActivations,
    rng: np.random.Generator,
    *,
    images: int | None = None,
    each: int | None = None,
) -> Pairs:
    """Written pairs and the same with captions exchanged; no pairs where nothing can be exchanged.

    An exchange of which one side happens to be true (`pairs` knows) is left out, its written pairs
    with it. At most so many `images`, drawn at random, and so many captions of `each`.
    """
    owner, n = data.caption_of.cpu().numpy(), data.n_texts
    drawn = rng.permutation(n)
    order = drawn[np.argsort(owner[drawn], kind="stable")]
    count = np.bincount(owner, minlength=data.n_images)
    start = np.cumsum(count) - count
    mixed = rng.permutation(np.flatnonzero(count))[:images]
    one, other = mixed[0 : len(mixed) // 2 * 2 : 2], mixed[1::2]
    many = np.minimum(np.minimum(count[one], count[other]), each or n)
    two = np.repeat(np.arange(len(many)), many)
    nth = np.arange(len(two)) - np.repeat(np.cumsum(many) - many, many)
    i, j = one[two], other[two]
    c, d = order[start[i] + nth], order[start[j] + nth]
    partner = np.full(data.n_images, -1)
    partner[one], partner[other] = other, one
    true = data.pairs.cpu().numpy()
    known = true[partner[true[:, 0]] == owner[true[:, 1]]] @ np.array([n, 1])
    kept = ~np.isin(i * n + d, known) & ~np.isin(j * n + c, known)
    i, j, c, d, two = (column[kept] for column in (i, j, c, d, two))
    image, caption = np.concatenate([i, j, i, j]), np.concatenate([c, d, d, c])
    return Pairs(image, caption, np.repeat([True, False], 2 * len(i)), np.tile(two, 4))


def separation(
    scores: Float[np.ndarray, " p"], true: Bool[np.ndarray, " p"], cluster: Int[np.ndarray, " p"]
) -> Units:
    """AUC of as many true as false pairs, ties half; a unit is the share that its score beats.

    Of a true pair among the false ones, of a false pair the share of true ones above it: their
    plain mean is the AUC. `value` has it anew under the weights.
    """
    level = np.unique(scores, return_inverse=True)[1]
    n = int(level.max()) + 1

    def sums(weights: Float[np.ndarray, " p"], of: Bool[np.ndarray, " p"]) -> Any:
        return np.bincount(level[of], weights[of], minlength=n)

    def value(weights: Float[np.ndarray, " p"]) -> float:
        right, wrong = sums(weights, true), sums(weights, ~true)
        beaten = right @ (np.cumsum(wrong) - wrong / 2)
        return ratio(float(beaten), float(right.sum() * wrong.sum()))

    ones = np.ones(len(scores))
    right, wrong = sums(ones, true), sums(ones, ~true)
    under = (np.cumsum(wrong) - wrong / 2) / wrong.sum()
    above = 1 - (np.cumsum(right) - right / 2) / right.sum()
    return Units(np.where(true, under[level], above[level]), cluster=cluster, value=value)


def separation_of_twins(
    true: Float[np.ndarray, " n"], false: Float[np.ndarray, " n"], cluster: Int[np.ndarray, " n"]
) -> Units:
    """The same for n true pairs, each with a false twin; a pair counts as often as it has twins."""
    is_true = np.repeat([True, False], len(true))
    return separation(np.concatenate([true, false]), is_true, np.tile(cluster, 2))
