"""Gradient rows of the two weight matrices in plain torch."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def row_gradients(
    indices: Int[Tensor, "n k"],
    m: int,
    left: Float[Tensor, "n d"],
    left_weight: Float[Tensor, "n k"],
    right: Float[Tensor, "n d"],
    right_weight: Float[Tensor, "n k"],
) -> tuple[Float[Tensor, "m d"], Float[Tensor, "m d"]]:
    """Σ weight · row over the slots of each latent, as dense products with the code written out."""
    pairs = ((left, left_weight), (right, right_weight))
    return tuple(  # type: ignore[return-value]
        torch.zeros(len(w), m, dtype=w.dtype, device=w.device).scatter_add(1, indices, w).T
        @ rows.to(w.dtype)
        for rows, w in pairs
    )
