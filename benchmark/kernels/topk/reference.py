"""The k largest entries above 0 of each row, in plain torch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def topk(rows: Float[Tensor, "n w"], k: int) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Indices ascend, the lowest wins a tie, empty slots come first as value 0 at index 0."""
    ordered = rows.relu().sort(dim=1, descending=True, stable=True)
    values, indices = ordered.values[:, :k], ordered.indices[:, :k]
    place = torch.where(values > 0, indices, -1).argsort(dim=1, stable=True)
    values, indices = values.gather(1, place), indices.gather(1, place)
    return values, torch.where(values > 0, indices, 0)


def nth_largest(values: Float[Tensor, "..."], n: int) -> Float[Tensor, ""]:
    """The n-th largest of all entries, 0 where fewer are above it."""
    return values.flatten().topk(n, sorted=False).values.min().clamp_min(0)
