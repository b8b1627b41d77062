"""Tie-aware AUC of every latent for every concept, from sparse codes.

AUC = P(z of a positive > z of a negative) + half P(equal), the Mann-Whitney statistic by average
ranks. The rows on which a latent is silent are one block of ties, so only the nonzeros are sorted:
n·k log k work instead of n·w, and one sparse product with the labels.
"""

from __future__ import annotations

import numpy as np
import scipy.sparse as sp
from jaxtyping import Bool, Float
from scipy.stats import rankdata

from benchmark.contracts import SparseCodes

Table = Float[np.ndarray, "w c"]
COLUMNS = 32
"""Latents of a dense code that are ranked at a time."""


def auc(codes: SparseCodes, labels: Bool[np.ndarray, "n c"]) -> Table:
    """AUC of each latent for each concept; 0.5 for a concept without positives or negatives.

    Raises ValueError where codes and labels have unequal rows.
    """
    if len(codes) != len(labels):
        raise ValueError(f"{len(labels)} rows of labels for {len(codes)} codes, wanted one each")
    if codes.indices is None:
        values = codes.values.detach().cpu().numpy()
        parts = [
            _from_sums(rankdata(values[:, i : i + COLUMNS], axis=0).T @ labels, labels)
            for i in range(0, codes.width, COLUMNS)
        ]
        return np.concatenate(parts)
    excess, silent = excess_ranks(codes.csr().tocsc())
    sums = (excess.T.tocsr() @ sp.csr_array(labels.astype(np.float64))).toarray()
    return _from_sums(sums + silent[:, None] * labels.sum(0), labels)


def excess_ranks(z: sp.csc_array) -> tuple[sp.csc_array, Float[np.ndarray, " w"]]:
    """Average rank of each nonzero above that of its column's zeros, and the rank of the zeros."""
    n, width = z.shape
    counts = np.diff(z.indptr)
    column = np.repeat(np.arange(width), counts)
    negative = np.bincount(column[z.data < 0], minlength=width)
    zeros = n - counts
    silent = negative + (zeros + 1) / 2
    order = np.lexsort((z.data, column))
    value = z.data[order]
    place = np.arange(1, len(value) + 1) - z.indptr[column] + np.where(value > 0, zeros[column], 0)
    new = np.ones(len(value), dtype=bool)
    new[1:] = (value[1:] != value[:-1]) | (column[1:] != column[:-1])
    group = np.cumsum(new) - 1
    average = np.bincount(group, weights=place) / np.maximum(np.bincount(group), 1)
    ranks = np.empty(len(value))
    ranks[order] = average[group] - silent[column]
    return sp.csc_array((ranks, z.indices, z.indptr), shape=z.shape), silent


def _from_sums(sums: Table, labels: Bool[np.ndarray, "n c"]) -> Table:
    """AUC from the rank sums of the positives."""
    positive = labels.sum(0).astype(np.float64)
    pairs = positive * (len(labels) - positive)
    wins = sums - positive * (positive + 1) / 2
    return np.divide(wins, pairs, out=np.full(wins.shape, 0.5), where=pairs > 0)
