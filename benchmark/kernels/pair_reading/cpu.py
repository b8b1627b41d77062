"""A linear reader of pairs of codes, pair by pair: no feature is written to memory.

score = a·v + b·t + p·(v ⊙ t) + q·|v - t| + s cos(v, t), the cosine 0 where a code is empty.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.kernels.numbers import loop, share, summing

Weights = Float[np.ndarray, "4 w"]
"""Rows a, b, p, q."""
PARTS = 16
"""Slopes that are added up apart, so that the sum does not depend on the number of threads."""


def read_sparse(
    image: Any,
    text: Any,
    i: Int[np.ndarray, " p"],
    c: Int[np.ndarray, " p"],
    weights: Weights,
    cosine: float,
) -> Float[np.ndarray, " p"]:
    """Scores of (row of image, row of text); both CSR with sorted columns."""
    found = np.empty(len(i))
    parts = [(m.data, m.indices, m.indptr) for m in (image, text)]
    share(_sparse, len(i), *parts, i, c, weights, cosine, found)
    return found


def read_dense(
    image: Float[np.ndarray, "p w"],
    text: Float[np.ndarray, "p w"],
    weights: Weights,
    cosine: float,
) -> Float[np.ndarray, " p"]:
    """Scores of each row of image with the row of text in its place."""
    found = np.empty(len(image))
    share(_dense, len(image), image, text, weights, cosine, found)
    return found


def gradient_dense(
    image: Float[np.ndarray, "n_i w"],
    text: Float[np.ndarray, "n_t w"],
    pairs: tuple[Int[np.ndarray, " p"], Int[np.ndarray, " p"]],
    weights: Weights,
    base: Float[np.ndarray, " p"],
    true: Bool[np.ndarray, " p"],
    kinds: tuple[bool, bool],
) -> tuple[Float[np.ndarray, " p"], Float[np.ndarray, " p"], Weights]:
    """Scores z, off = σ(z) - true, and off @ features, in one pass over the codes.

    `pairs` are rows of image and of text, `base` is added to each score. `kinds`: whether v and t,
    and whether v ⊙ t and |v - t| are read; what is not read has slopes of 0.
    """
    scores, off = np.empty((2, len(base)))
    slopes = np.zeros((PARTS, *weights.shape))
    edges = np.linspace(0, len(base), PARTS + 1).astype(np.int64)
    told = (weights, base, true, kinds)
    share(_gradient, PARTS, edges, image, text, *pairs, *told, scores, off, slopes)
    return scores, off, slopes.sum(axis=0)


@loop
def _weighed(weights, j, v, t):  # type: ignore[no-untyped-def]
    """What one latent adds to a score."""
    linear = weights[0, j] * v + weights[1, j] * t
    return linear + weights[2, j] * v * t + weights[3, j] * abs(v - t)


@loop
def _cosine(dot, squares):  # type: ignore[no-untyped-def]
    return dot / np.sqrt(squares) if squares > 0 else dot


@loop
def _sparse(start, stop, image, text, i, c, weights, cosine, found):  # type: ignore[no-untyped-def]
    v_data, v_at, v_first = image
    t_data, t_at, t_first = text
    none = weights.shape[1]
    for pair in range(start, stop):
        at, v_end = v_first[i[pair]], v_first[i[pair] + 1]
        to, t_end = t_first[c[pair]], t_first[c[pair] + 1]
        score, dot, v_square, t_square = 0.0, 0.0, 0.0, 0.0
        while at < v_end or to < t_end:
            left = v_at[at] if at < v_end else none
            right = t_at[to] if to < t_end else none
            j = min(left, right)
            v, t = 0.0, 0.0
            if left == j:
                v = v_data[at]
                at += 1
            if right == j:
                t = t_data[to]
                to += 1
            dot += v * t
            v_square += v * v
            t_square += t * t
            score += _weighed(weights, j, v, t)
        found[pair] = score + cosine * _cosine(dot, v_square * t_square)


@summing
def _dense(start, stop, image, text, weights, cosine, found):  # type: ignore[no-untyped-def]
    for pair in range(start, stop):
        score, dot, v_square, t_square = 0.0, 0.0, 0.0, 0.0
        for j in range(image.shape[1]):
            v, t = np.float64(image[pair, j]), np.float64(text[pair, j])
            dot += v * t
            v_square += v * v
            t_square += t * t
            score += _weighed(weights, j, v, t)
        found[pair] = score + cosine * _cosine(dot, v_square * t_square)


@summing
def _gradient(start, stop, edges, image, text, i, c, *more):  # type: ignore[no-untyped-def]
    weights, base, true, kinds, scores, off, slopes = more
    for part in range(start, stop):
        slope = slopes[part]
        for pair in range(edges[part], edges[part + 1]):
            v, t = image[i[pair]], text[c[pair]]
            score = base[pair]
            for j in range(len(v)):
                score += _weighed(weights, j, np.float64(v[j]), np.float64(t[j]))
            scores[pair] = score
            off[pair] = 1 / (1 + np.exp(-score)) - true[pair]
            if kinds[0]:
                for j in range(len(v)):
                    slope[0, j] += off[pair] * v[j]
                    slope[1, j] += off[pair] * t[j]
            if kinds[1]:
                for j in range(len(v)):
                    a, b = np.float64(v[j]), np.float64(t[j])
                    slope[2, j] += off[pair] * (a * b)
                    slope[3, j] += off[pair] * abs(a - b)
