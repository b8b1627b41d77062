"""Encode + TopK in plain torch: the dense product in float32, then the k largest of each row."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.topk import k_strongest


def encode(
    centred: Float[Tensor, "n d"], encoder: Float[Tensor, "m d"], b_enc: Float[Tensor, " m"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Values and indices of the k largest of relu(centred · encoder row + b); indices ascend."""
    values, indices = k_strongest(torch.addmm(b_enc, centred, encoder.T).relu_(), k)
    place = torch.where(values > 0, indices, -1).argsort(dim=1)
    values, indices = values.gather(1, place), indices.gather(1, place)
    return values, torch.where(values > 0, indices, 0)
