"""Ranks from all cosines, written out."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Int


def stand(
    queries: Any, candidates: Any, pairs: Int[np.ndarray, "p 2"], rows: int = 256
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Of each query: candidates above its best relevant one, tied with it, relevant among these.

    Dense float64 products, `rows` queries at a time, rounded to millionths.
    """
    found = []
    wide = candidates.toarray().T
    for start in range(0, queries.shape[0], rows):
        scores = np.rint(queries[start : start + rows].toarray() @ wide * 1e6)
        low, high = np.searchsorted(pairs[:, 0], [start, start + len(scores)])
        query, relevant = pairs[low:high, 0] - start, pairs[low:high, 1]
        best = np.full(len(scores), -np.inf)
        np.maximum.at(best, query, scores[query, relevant])
        hits = np.bincount(query[scores[query, relevant] == best[query]], minlength=len(scores))
        level = best[:, None]
        found.append(((scores > level).sum(1), (scores == level).sum(1), hits))
    above, tied, hits = (np.concatenate(column) for column in zip(*found, strict=True))
    return above, tied, hits
