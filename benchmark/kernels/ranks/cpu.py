"""Ranks through an inverted index: only candidates that share a latent with a query are touched.

Cosines are summed latent by latent in ascending order and rounded to millionths, so equal codes
tie exactly; every candidate that is not touched scores 0.
"""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from benchmark.kernels.numbers import loop, share, shared

CHUNKS = 8
"""Parts of the queries a thread: some have more to do than others."""


def stand(
    queries: Any, candidates: Any, pairs: Int[np.ndarray, "p 2"], depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each query: candidates above its best relevant one, tied with it, relevant among the tied;
    and the `depth` leading scores in millionths, ascending, with how many candidates have the last.

    `queries` and `candidates` are CSR matrices of unit rows, `pairs` (query, relevant candidate) in
    ascending order. A query without a relevant candidate stands below all of them.
    """
    threads = share()
    index = sp.csc_array(candidates)
    index.sort_indices()
    first = np.searchsorted(pairs[:, 0], np.arange(queries.shape[0] + 1))
    found: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray] = _stand(
        queries.data,
        queries.indices,
        queries.indptr,
        index.data,
        index.indices,
        index.indptr,
        candidates.shape[0],
        np.ascontiguousarray(pairs[:, 1]),
        first,
        min(depth, candidates.shape[0]),
        threads * CHUNKS,
    )
    return found


@shared
def _stand(  # type: ignore[no-untyped-def]
    data, latents, starts, weights, holders, index, n, relevant, first, depth, chunks
):
    q = len(starts) - 1
    above, tied, hits = np.zeros(q, np.int64), np.zeros(q, np.int64), np.zeros(q, np.int64)
    top, last = np.zeros((q, depth), np.int32), np.zeros(q, np.int64)
    for chunk in numba.prange(chunks):
        total, seen = np.zeros(n), np.zeros(n, np.bool_)
        touched, scores = np.empty(n, np.int64), np.empty(n, np.int64)
        for i in range(chunk * q // chunks, (chunk + 1) * q // chunks):
            count = 0
            for s in range(starts[i], starts[i + 1]):
                latent, z = latents[s], data[s]
                for t in range(index[latent], index[latent + 1]):
                    j = holders[t]
                    total[j] += z * weights[t]
                    if not seen[j]:
                        seen[j] = True
                        touched[count] = j
                        count += 1
            best, reached = _best(total, relevant, first[i], first[i + 1])
            hits[i] = reached
            over, level = 0, 0
            for t in range(count):
                score = np.int64(np.rint(total[touched[t]] * 1e6))
                scores[t] = score
                if score > best:
                    over += 1
                elif score == best:
                    level += 1
            if best < 0:
                over += n - count
            elif best == 0:
                level += n - count
            above[i], tied[i] = over, level
            last[i] = _lead(scores, count, n, top[i])
            for t in range(count):
                total[touched[t]], seen[touched[t]] = 0.0, False
    return above, tied, hits, top, last


@loop
def _best(total, relevant, low, high):  # type: ignore[no-untyped-def]
    """Best score of the relevant candidates and how many have it; far below all for none."""
    best, reached = np.int64(-(2**30)), 0
    for t in range(low, high):
        score = np.int64(np.rint(total[relevant[t]] * 1e6))
        if score > best:
            best, reached = score, 1
        elif score == best:
            reached += 1
    return best, reached


@loop
def _lead(scores, count, n, top):  # type: ignore[no-untyped-def]
    """Writes the leading scores, ascending; returns how many candidates have the least of them."""
    depth = len(top)
    filled = 0
    for t in range(count):
        score = scores[t]
        if filled < depth:
            at = filled
            filled += 1
            while at > 0 and top[at - 1] > score:
                top[at] = top[at - 1]
                at -= 1
            top[at] = score
        elif score > top[0]:
            at = 0
            while at + 1 < depth and top[at + 1] < score:
                top[at] = top[at + 1]
                at += 1
            top[at] = score
    for _ in range(min(n - count, depth)):
        if filled < depth:
            at = filled
            filled += 1
            while at > 0 and top[at - 1] > 0:
                top[at] = top[at - 1]
                at -= 1
            top[at] = 0
        elif top[0] < 0:
            at = 0
            while at + 1 < depth and top[at + 1] < 0:
                top[at] = top[at + 1]
                at += 1
            top[at] = 0
    level = n - count if top[0] == 0 else 0
    for t in range(count):
        if scores[t] == top[0]:
            level += 1
    return level
