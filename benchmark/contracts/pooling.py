"""From rows to examples: where rows are tokens, what the code and the activation of an example are.

Nothing here ever writes out codes of tokens densely: only a few hundred examples at a time.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.codes import SparseCodes, joined

CELLS = 1 << 22
"""Examples times latents that are held densely at a time, eight bytes each."""
ROWS = 65_536
"""Rows that are summed in float64 at a time."""


def strongest(codes: SparseCodes, owner: Int[Tensor, " r"], n: int) -> SparseCodes:
    """Codes of n examples from those of their rows: of each latent its strongest value.

    So an example fires a latent where any of its rows does. Of equal magnitudes the first row's
    counts. Codes whose rows are the examples come back as they are.
    """
    owner = owner.cpu()
    if rows_are_examples(owner, n):
        return codes
    if (owner.diff() < 0).any():
        order = owner.argsort(stable=True)
        codes, owner = codes[order.to(codes.values.device)], owner[order]
    step = max(1, CELLS // codes.width)
    firsts = range(0, n, step)
    ends = torch.searchsorted(owner, torch.tensor([*firsts, n])).tolist()
    found = joined(
        [
            _strongest(codes[slice(start, stop)], owner[start:stop] - first, min(step, n - first))
            for first, start, stop in zip(firsts, ends, ends[1:], strict=False)
        ]
    )
    if found.values.shape[1] <= codes.width / 8:
        return found
    return SparseCodes(found.dense(), None, codes.width)


def _strongest(codes: SparseCodes, owner: Int[Tensor, " r"], n: int) -> SparseCodes:
    """The same for few examples, always sparse."""
    matrix = codes.csr()
    row = np.repeat(np.arange(len(codes)), np.diff(matrix.indptr))
    place = owner.numpy()[row] * codes.width + matrix.indices
    size = np.abs(matrix.data)
    best = np.zeros(n * codes.width)
    np.maximum.at(best, place, size)
    hits = np.flatnonzero(size == best[place])[::-1]
    best[place[hits]] = matrix.data[hits]
    fired = np.flatnonzero(best)
    example, latent = np.divmod(fired, codes.width)
    counts = np.bincount(example, minlength=n)
    k = max(1, int(counts.max(initial=0)))
    slot = np.arange(len(fired)) - (np.cumsum(counts) - k)[example]
    values = torch.zeros(n, k, dtype=codes.values.dtype)
    indices = torch.zeros(n, k, dtype=torch.long)
    at = torch.from_numpy(example), torch.from_numpy(slot)
    values[at] = torch.from_numpy(best[fired]).to(values.dtype)
    indices[at] = torch.from_numpy(latent)
    return SparseCodes(values, indices, codes.width)


def averaged(x: Float[Tensor, "r d"], owner: Int[Tensor, " r"], n: int) -> Float[Tensor, "n d"]:
    """Activations of n examples: the mean over the rows of each, zeros for one without rows.

    Summed in float64. Rows that are the examples come back as they are.
    """
    if rows_are_examples(owner, n):
        return x
    owner = owner.to(x.device)
    total = torch.zeros(n, x.shape[1], dtype=torch.float64, device=x.device)
    for part, own in zip(x.split(ROWS), owner.split(ROWS), strict=True):
        total.index_add_(0, own, part.double())
    count = torch.bincount(owner, minlength=n).clamp_min(1)
    return total.div_(count[:, None]).to(x.dtype)


def averaged_codes(codes: SparseCodes, owner: Int[Tensor, " r"], n: int) -> SparseCodes:
    """Codes that are linear in activations, averaged: the code of an example's mean activation."""
    if rows_are_examples(owner, n):
        return codes
    return SparseCodes(averaged(codes.dense(), owner, n), None, codes.width)


def rows_are_examples(owner: Int[Tensor, " r"], n: int) -> bool:
    """One row an example, in order."""
    return len(owner) == n and torch.equal(owner.cpu(), torch.arange(n))
