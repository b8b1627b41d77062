"""Cosines between two sets of codes, in blocks of queries, rounded to 1e-6.

A cosine is kept as an integer number of millionths: candidates that tie do so exactly, whatever the
order of summation. Sparse codes are multiplied as sparse matrices; neither they nor the scores are
ever written out whole.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import scipy.sparse as sp
from jaxtyping import Int

from benchmark.contracts import SparseCodes

UnitRows: TypeAlias = Any
"""A float64 matrix [n, w] whose rows have norm 1 or are zeros: scipy CSR, or numpy where dense."""
Millionths = Int[np.ndarray, "..."]
CELLS = 1 << 20
"""Scores held at a time."""


def unit_rows(codes: SparseCodes) -> UnitRows:
    """Codes divided by their norm, in float64; an empty code stays empty: all its cosines are 0."""
    if codes.indices is None:
        dense = codes.values.detach().cpu().numpy().astype(np.float64)
        norms = np.sqrt(np.einsum("nw,nw->n", dense, dense))
        return dense / np.where(norms > 0, norms, 1.0)[:, None]
    matrix = codes.csr()
    lengths = np.diff(matrix.indptr)
    row = np.repeat(np.arange(len(lengths)), lengths)
    norms = np.sqrt(np.bincount(row, weights=matrix.data**2, minlength=len(lengths)))
    parts = (matrix.data / norms[row], matrix.indices.astype(np.int32), matrix.indptr)
    return sp.csr_array(parts, shape=matrix.shape)


def _shared_form(a: UnitRows, b: UnitRows) -> tuple[UnitRows, UnitRows]:
    """Both sparse or both dense: where one is dense the other is written out too."""
    if sp.issparse(a) == sp.issparse(b):
        return a, b
    return (a.toarray(), b) if sp.issparse(a) else (a, b.toarray())


def blocks(queries: UnitRows, candidates: UnitRows) -> Iterator[tuple[int, Millionths]]:
    """(first query, cosines of a block of queries with every candidate [b, n], in millionths)."""
    queries, candidates = _shared_form(queries, candidates)
    n = queries.shape[0]
    step = max(1, CELLS // max(candidates.shape[0], 1))
    turned = candidates.T.tocsr() if sp.issparse(candidates) else candidates.T
    for start in range(0, n, step):
        product = queries[start : start + step] @ turned
        if sp.issparse(product):
            product.data *= 1e6
            rounded = np.rint(product.data, out=product.data).astype(np.int32)
            parts = (rounded, product.indices, product.indptr)
            yield start, sp.csr_array(parts, shape=product.shape).toarray()
        else:
            product *= 1e6
            yield start, np.rint(product, out=product).astype(np.int32)


def pair_scores(a: UnitRows, b: UnitRows, pairs: Int[np.ndarray, "p 2"]) -> Millionths:
    """Cosine of each (row of a, row of b), in millionths."""
    a, b = _shared_form(a, b)
    left, right = pairs[:, 0], pairs[:, 1]
    if sp.issparse(a):
        found = np.asarray(a[left].multiply(b[right]).sum(axis=1)).ravel()
        return np.rint(found * 1e6).astype(np.int32)
    step = max(1, CELLS // a.shape[1])
    parts = [
        np.einsum("pw,pw->p", a[left[i : i + step]], b[right[i : i + step]])
        for i in range(0, len(pairs), step)
    ]
    return np.rint(np.concatenate([*parts, np.empty(0)]) * 1e6).astype(np.int32)


def overlaps(queries: UnitRows, candidates: UnitRows) -> Int[np.ndarray, " n"]:
    """How many latents of each query fire for at least one candidate."""
    fires = (candidates != 0).sum(axis=0) > 0
    return np.asarray((queries != 0) @ np.asarray(fires).ravel().astype(np.int64)).ravel()
