"""Draws of the cluster bootstrap: how often each of k clusters is drawn, the same in every call."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, UInt8

DRAWS = 2000
VALUE_DRAWS = 500
"""Draws for scores that are no ratio of sums: each draw is a call of Python."""
SEED = 20_240_229
CELLS_PER_BLOCK = 400_000
"""Small enough for a block to stay in cache while it is multiplied."""


def blocks(k: int, draws: int) -> Iterator[Float[np.ndarray, "b k"]]:
    """Multinomial weights of `draws` resamples of k clusters, a block at a time.

    They depend on k alone: all metrics of one sample, all methods and all runs see the same
    resamples, which is what pairs them. Fewer draws are the first ones of more.
    """
    rows = _rows(k)
    for index, start in enumerate(range(0, draws, rows)):
        yield _block(k, rows, index)[: draws - start].astype(np.float64)


def _rows(k: int) -> int:
    return min(DRAWS, max(1, CELLS_PER_BLOCK // k))


@lru_cache(maxsize=128)
def _block(k: int, rows: int, index: int) -> UInt8[np.ndarray, "b k"]:
    """Counts of `rows` resamples. They fit in a byte: 256 hits on one of k ≥ 256 do not happen."""
    drawn = np.random.default_rng([SEED, k, index]).integers(0, k, (rows, k), dtype=np.int32)
    counts = np.empty((rows, k), np.uint8)
    for row, picks in enumerate(drawn):
        counts[row] = np.bincount(picks, minlength=k)
    return counts


@lru_cache(maxsize=1)
def _pools() -> Any:
    from threadpoolctl import ThreadpoolController  # slow to import

    return ThreadpoolController()


def one_thread() -> AbstractContextManager[Any]:
    """Products on one thread: small blocks gain nothing from two, which wait for each other on a
    busy machine, and the last bit then does not depend on how many there are."""
    return _pools().limit(limits=1, user_api="blas")


@lru_cache(maxsize=1024)
def draws_id(k: int) -> int:
    """A checksum of the first block: replicates stored under other draws are never paired."""
    return zlib.crc32(_block(k, _rows(k), 0).tobytes())
