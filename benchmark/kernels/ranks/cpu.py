"""Ranks through an inverted index: only candidates that share a latent with a query are touched.

Cosines are summed latent by latent in ascending order and rounded to millionths, so equal codes
tie exactly; every candidate that is not touched scores 0.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from benchmark.kernels.numbers import loop, share


def stand(
    queries: Any, candidates: Any, pairs: Int[np.ndarray, "p 2"], depth: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Of each query: candidates above its best relevant one, tied with it, relevant among the tied;
    and the `depth` leading scores in millionths, ascending, with how many candidates have the last.

    `queries` and `candidates` are CSR matrices of unit rows, `pairs` (query, relevant candidate) in
    ascending order. A query without a relevant candidate stands below all of them.
    """
    index = sp.csc_array(candidates)
    index.sort_indices()
    q, n = queries.shape[0], candidates.shape[0]
    counts = tuple(np.zeros(q, np.int64) for _ in range(4))
    top = np.zeros((q, min(depth, n)), np.int32)
    share(
        _stand,
        q,
        (queries.data, queries.indices, queries.indptr),
        (index.data, index.indices, index.indptr),
        (np.ascontiguousarray(pairs[:, 1]), np.searchsorted(pairs[:, 0], np.arange(q + 1))),
        n,
        (*counts, top),
    )
    above, tied, hits, last = counts
    return above, tied, hits, top, last


@loop
def _stand(start, stop, queries, index, pairs, n, out):  # type: ignore[no-untyped-def]
    data, latents, starts = queries
    weights, holders, first_holder = index
    relevant, first = pairs
    above, tied, hits, last, top = out
    total, seen = np.zeros(n), np.zeros(n, np.bool_)
    touched, scores = np.empty(n, np.int64), np.empty(n, np.int64)
    for i in range(start, stop):
        count = 0
        for s in range(starts[i], starts[i + 1]):
            latent, z = latents[s], data[s]
            for t in range(first_holder[latent], first_holder[latent + 1]):
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
