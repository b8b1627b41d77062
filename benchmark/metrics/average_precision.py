"""Average precision with ties counted by expectation, of many queries at once.

    AP = 1/g · sum over ranks j of [rank j is relevant] · (relevant ones among the first j) / j

Candidates that tie stand in a random order, and what is returned is the mean over all of them. Of
m tied candidates that r relevant ones are among, with N above them of which R are relevant,

    r/m · [(R + 1) h + c (m - (N + 1) h)],   h = H(N + m) - H(N),   c = (r - 1) / (m - 1)

is what they add to the sum (McSherry and Najork 2008), H the harmonic numbers. So a query that
ties everything scores what a random order scores.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

LAST = 1 << 30
"""Sorts behind every score in millionths."""


def average_precision(
    scores: Int[np.ndarray, "q n"],
    relevant: Bool[np.ndarray, "q n"],
    counted: Bool[np.ndarray, "q n"] | None = None,
) -> Float[np.ndarray, " q"]:
    """Expected average precision of each query; 0 for one without a relevant candidate.

    `scores` are whole numbers such as cosines in millionths. What is not `counted` is left out,
    as if it were no candidate; it must not be relevant.
    """
    keys = 2 * -scores.astype(np.int32) + ~relevant
    if counted is not None:
        keys = np.where(counted, keys, LAST + 1)
    keys.sort(axis=1)
    groups = _groups(keys)
    sums = np.bincount(groups.query, weights=groups.added(keys.shape[1]), minlength=len(keys))
    return sums / np.maximum(relevant.sum(1), 1)


@dataclass(frozen=True, eq=False)
class Groups:
    """Candidates that tie, group by group, where some of them are relevant."""

    query: Int[np.ndarray, " g"]
    size: Int[np.ndarray, " g"]
    above: Int[np.ndarray, " g"]
    """Candidates with a better score."""
    relevant: Int[np.ndarray, " g"]
    relevant_above: Int[np.ndarray, " g"]

    def added(self, n: int) -> Float[np.ndarray, " g"]:
        """What each group adds to the sum of its query, among n candidates."""
        harmonic = np.concatenate([[0.0], np.cumsum(1 / np.arange(1, n + 1))])
        h = harmonic[self.above + self.size] - harmonic[self.above]
        c = (self.relevant - 1) / np.maximum(self.size - 1, 1)
        among = (self.relevant_above + 1) * h + c * (self.size - (self.above + 1) * h)
        return self.relevant / self.size * among


def _groups(keys: Int[np.ndarray, "q n"]) -> Groups:
    """Groups of ascending keys: twice the negative score, plus one where it is not relevant."""
    q, n = keys.shape
    score = keys >> 1
    new = np.ones((q, n), dtype=bool)
    new[:, 1:] = score[:, 1:] != score[:, :-1]
    starts = np.flatnonzero(new)
    ends = np.append(starts[1:], q * n)
    sums = np.concatenate([[0], np.cumsum(1 - (keys & 1), dtype=np.int64)])
    kept = sums[ends] > sums[starts]
    starts, ends = starts[kept], ends[kept]
    query, above = np.divmod(starts, n)
    return Groups(
        query=query,
        size=ends - starts,
        above=above,
        relevant=sums[ends] - sums[starts],
        relevant_above=sums[starts] - sums[query * n],
    )
