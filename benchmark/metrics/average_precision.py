"""Average precision with ties counted by expectation, of many queries at once.

    AP = 1/g · sum over ranks j of [rank j is relevant] · (relevant ones among the first j) / j

Candidates that tie stand in a random order, and what is returned is the mean over all of them. Of
m tied candidates that r relevant ones are among, with N above them of which R are relevant,

    r/m · [(R + 1) h + c (m - (N + 1) h)],   h = H(N + m) - H(N),   c = (r - 1) / (m - 1)

is what they add to the sum (McSherry and Najork 2008), H the harmonic numbers. So a query that
ties everything scores what a random order scores.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.kernels.tied_precision.cpu import tied_precision

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
    return tied_precision(keys)
