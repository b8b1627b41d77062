"""The k strongest of each row, the same on every machine: the lowest index wins a tie."""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor


def k_strongest(
    rows: Float[Tensor, "n w"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest entries of each non-negative row, and where they are, in no promised order.

    `torch.topk` breaks ties as it likes. A tie matters only where an entry that was left out equals
    the smallest one kept, and is above 0 (zeros are empty slots): only those rows are sorted.
    """
    if k < 1:
        raise ValueError(f"k is {k}, wanted at least one entry of each row")
    if k >= rows.shape[1]:
        return rows, torch.arange(rows.shape[1], device=rows.device).expand(len(rows), -1)
    values, indices, tied = _selected(rows, k)
    if tied.any():
        where = tied.nonzero()[:, 0]
        ordered = rows[where].sort(dim=1, descending=True, stable=True)
        values[where], indices[where] = ordered.values[:, :k], ordered.indices[:, :k]
    return values, indices


def _selected(
    rows: Float[Tensor, "n w"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"], Bool[Tensor, " n"]]:
    """Some k largest, and whether the best entry left out equals the smallest one kept.

    Asking for one more is free in wide rows; in narrow ones torch then changes to a slower way, and
    a maximum over the rest is cheaper.
    """
    if (k + 1) * 64 <= rows.shape[1]:
        more, places = rows.topk(k + 1, dim=1)
        values, indices, next_best = (
            more[:, :k].contiguous(),
            places[:, :k].contiguous(),
            more[:, k],
        )
    else:
        values, indices = rows.topk(k, dim=1)
        next_best = rows.scatter(1, indices, -1.0).amax(1)
    least = values[:, -1]
    return values, indices, (next_best == least) & (least > 0)
