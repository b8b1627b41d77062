"""Σ z_I z_Tᵀ, Σ z and Σ z² row by row: a latent's row of the result stays in the nearest cache.

Slots of image codes are sorted by latent; a latent's row then takes the text codes of the pairs
that it fires on, one after another, in float64. Work is n·k², and the same sums in the same order
whatever the number of threads.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from benchmark.kernels.numbers import loop, share

BLOCK = 65_536
"""Pairs gone through at a time, so that text codes stay in cache while all latents read them."""
Codes = tuple[Float[np.ndarray, "n k"], Int[np.ndarray, "n k"]]


def add_cross(
    cross: Float[np.ndarray, "m_i m_t"], image: Codes, text: Codes, owner: Int[np.ndarray, " p"]
) -> None:
    """Adds Σ over pairs (owner[j], j) of image code ⊗ text code to `cross`, float64, in place."""
    for start in range(0, len(owner), BLOCK):
        part = slice(start, start + BLOCK)
        starts, pair, z = _by_latent(*_rows(image, owner[part]), cross.shape[0])
        share(_add, len(cross), cross, starts, pair, z, *_rows(text, part))


def moments(
    codes: Codes, times: Float[np.ndarray, " n"], m: int
) -> tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]:
    """Σ z and Σ z² of every latent, float64, where row i counts times[i] times."""
    total, square = np.zeros(m), np.zeros(m)
    for start in range(0, len(times), BLOCK):
        part = slice(start, start + BLOCK)
        _moments(total, square, *_rows(codes, part), times[part])
    return total, square


def _rows(
    codes: Codes, rows: slice | Int[np.ndarray, " r"]
) -> tuple[Float[np.ndarray, "r k"], Int[np.ndarray, "r k"]]:
    """Values and indices of some rows, as the loops read them."""
    values, indices = codes[0][rows], codes[1][rows]
    return np.ascontiguousarray(values), np.ascontiguousarray(indices, dtype=np.int32)


Moments = tuple[Float[np.ndarray, " m"], Float[np.ndarray, " m"]]
"""Σ z and 1/σ of every latent; 0 where it never varies."""


def pearson(
    cross: Float[np.ndarray, "m_i m_t"], n: int, image: Moments, text: Moments
) -> Float[np.ndarray, "m_i m_t"]:
    """Pearson correlation over n pairs, written over `cross`: nothing of its size is made."""
    share(_pearson, len(cross), cross, n, *image, *text)
    return cross


@loop
def _by_latent(values, indices, m):  # type: ignore[no-untyped-def]
    """Where each latent's slots start, and pair and value of each slot; zeros are left out."""
    n, k = values.shape
    starts = np.zeros(m + 1, np.int64)
    for i in range(n):
        for s in range(k):
            if values[i, s] != 0:
                starts[indices[i, s] + 1] += 1
    for latent in range(m):
        starts[latent + 1] += starts[latent]
    place = starts[:-1].copy()
    pair, z = np.empty(starts[m], np.int32), np.empty(starts[m], np.float64)
    for i in range(n):
        for s in range(k):
            if values[i, s] != 0:
                at = place[indices[i, s]]
                pair[at], z[at] = i, values[i, s]
                place[indices[i, s]] = at + 1
    return starts, pair, z


@loop
def _add(start, stop, cross, starts, pair, z, values, indices):  # type: ignore[no-untyped-def]
    k = values.shape[1]
    for latent in range(start, stop):
        row = cross[latent]
        for at in range(starts[latent], starts[latent + 1]):
            j, weight = pair[at], z[at]
            for s in range(k):
                row[indices[j, s]] += weight * values[j, s]


@loop
def _moments(total, square, values, indices, times):  # type: ignore[no-untyped-def]
    n, k = values.shape
    for i in range(n):
        for s in range(k):
            z = np.float64(values[i, s])
            total[indices[i, s]] += times[i] * z
            square[indices[i, s]] += times[i] * z * z


@loop
def _pearson(  # type: ignore[no-untyped-def]
    start, stop, r, n, image_sum, image_inverse, text_sum, text_inverse
):
    """(Σ z z' / n - mean mean') / (σ σ'), in place of Σ z z', clipped to [-1, 1]."""
    for i in range(start, stop):
        mean, inverse = image_sum[i] / n, image_inverse[i]
        for j in range(r.shape[1]):
            value = (r[i, j] / n - mean * (text_sum[j] / n)) * inverse * text_inverse[j]
            r[i, j] = min(1.0, max(-1.0, value))
