"""Encode + TopK by torch: one product, then `topk` with ties settled."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.topk import k_strongest


def encode(
    centred: Float[Tensor, "n d"], encoder: Float[Tensor, "m d"], b_enc: Float[Tensor, " m"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """See `encode`."""
    return k_strongest(torch.addmm(b_enc, centred, encoder.T).relu_(), k)
