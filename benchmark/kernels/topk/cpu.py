"""Row top-k in one pass: most blocks are skipped, for nothing in them beats the k-th best so far.

Entries are compared as the integers that their bits are, so that float32 and bfloat16 take the same
loop: positive numbers are in order, NaN is above them all, negative numbers are below 0.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.numbers import loop, share

BLOCK = 64
"""Entries whose maximum is taken before any of them is looked at."""
BITS = {torch.float32: torch.int32, torch.bfloat16: torch.int16, torch.float16: torch.int16}


def topk(rows: Float[Tensor, "n w"], k: int) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest entries above 0 of each row; indices ascend, empty slots come first as 0, 0.

    The lowest index wins a tie; a row with NaN has NaN among its values. Raises ValueError for a
    type that is not float32, bfloat16 or float16.
    """
    if rows.dtype not in BITS:
        raise ValueError(f"rows are {rows.dtype}, wanted float32, bfloat16 or float16")
    keys = rows.detach().contiguous().view(BITS[rows.dtype]).numpy()
    found = np.full((len(rows), k), -1, np.int64)
    share(_topk, len(rows), keys, found)
    indices = torch.from_numpy(found)
    values = rows.gather(1, indices.clamp_min(0))
    return values.masked_fill(indices < 0, 0), indices.clamp_min(0)


def nth_largest(values: Float[Tensor, "..."], n: int) -> Float[Tensor, ""]:
    """See `nth_largest`: by counting upper halves of bits, then sorting those of one half alone."""
    keys = values.detach().contiguous().view(-1).view(torch.int32).numpy()
    found = np.array([_nth(keys, n)], np.int32)
    return torch.from_numpy(found).view(torch.float32)[0]


@loop
def _nth(keys, n):  # type: ignore[no-untyped-def]
    """The n-th largest key above 0, or 0."""
    counts = np.zeros(1 << 15, np.int64)
    for key in keys:
        if key > 0:
            counts[key >> 16] += 1
    upper, left = (1 << 15) - 1, n
    while upper >= 0 and counts[upper] < left:
        left -= counts[upper]
        upper -= 1
    if upper < 0:
        return np.int32(0)
    within, at = np.empty(counts[upper], np.int32), 0
    for key in keys:
        if key > 0 and key >> 16 == upper:
            within[at] = key
            at += 1
    within.sort()
    return within[len(within) - left]


@loop
def _topk(start, stop, keys, found):  # type: ignore[no-untyped-def]
    """Places of the k largest keys above 0, ascending; -1 stays in the slots that are left."""
    k, width = found.shape[1], keys.shape[1]
    for i in range(start, stop):
        row = keys[i]
        best, place = np.zeros(k, np.int32), np.full(k, width, np.int64)
        at = 0
        while at + BLOCK <= width:
            block = row[at : at + BLOCK]
            most = block[0]
            for t in range(1, BLOCK):
                most = max(most, block[t])
            if most > best[0]:
                for t in range(BLOCK):
                    if block[t] > best[0]:
                        _replace_least(best, place, block[t], at + t)
            at += BLOCK
        for j in range(at, width):
            if row[j] > best[0]:
                _replace_least(best, place, row[j], j)
        place.sort()
        kept = 0
        while kept < k and place[kept] < width:
            kept += 1
        found[i, k - kept :] = place[:kept]


@loop
def _replace_least(best, place, key, j):  # type: ignore[no-untyped-def]
    """Takes the least of a heap out, the last of equals first, and puts a key in."""
    size, at = len(best), 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and (
            best[below + 1] < best[below]
            or (best[below + 1] == best[below] and place[below + 1] > place[below])
        ):
            below += 1
        if best[below] > key or (best[below] == key and place[below] < j):
            break
        best[at], place[at] = best[below], place[below]
        at = below
    best[at], place[at] = key, j
