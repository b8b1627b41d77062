"""The k strongest of each row, the same on every machine: the lowest index wins a tie."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def strongest(
    rows: Float[Tensor, "n w"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest entries of each non-negative row, and where they are, in no promised order.

    `torch.topk` breaks ties as it likes. A tie matters only where more than k entries reach the
    smallest one kept, and is above 0 (zeros are empty slots): only those rows are sorted stably.
    """
    if k >= rows.shape[1]:
        return rows, torch.arange(rows.shape[1], device=rows.device).expand(len(rows), -1)
    values, indices = rows.topk(k, dim=1)
    least = values[:, -1:]
    tied = ((rows >= least).sum(1) > k) & (least[:, 0] > 0)
    if tied.any():
        where = tied.nonzero()[:, 0]
        ordered = rows[where].sort(dim=1, descending=True, stable=True)
        values[where], indices[where] = ordered.values[:, :k], ordered.indices[:, :k]
    return values, indices
