"""One pass over the sorted scores of each query, group of ties by group of ties."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from benchmark.kernels.numbers import loop, share


def tied_precision(keys: Int[np.ndarray, "q n"]) -> Float[np.ndarray, " q"]:
    """Expected average precision of each query; 0 where nothing is relevant.

    Keys ascend: twice the negative score, plus one where the candidate is not relevant.
    """
    q, n = keys.shape
    harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])
    found = np.zeros(q)
    share(_averages, q, keys, harmonic, found)
    return found


@loop
def _averages(
    start: int,
    stop: int,
    keys: Int[np.ndarray, "q n"],
    harmonic: Float[np.ndarray, " n_1"],
    found: Float[np.ndarray, " q"],
) -> None:
    """Queries start..stop."""
    n = keys.shape[1]
    for row in range(start, stop):
        total, before, at = 0.0, 0, 0
        while at < n:
            score, end, relevant = keys[row, at] >> 1, at, 0
            while end < n and keys[row, end] >> 1 == score:
                relevant += 1 - (keys[row, end] & 1)
                end += 1
            if relevant:
                size = end - at
                h = harmonic[end] - harmonic[at]
                c = (relevant - 1) / max(size - 1, 1)
                total += relevant / size * ((before + 1) * h + c * (size - (at + 1) * h))
                before += relevant
            at = end
        found[row] = total / max(before, 1)
