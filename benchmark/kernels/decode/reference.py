"""Decode, and the gradient of a code, with every zero of the code written out."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor


def decode(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
) -> Float[Tensor, "n d"]:
    """z @ decoder + b_dec."""
    z = torch.zeros(len(values), len(decoder), device=values.device)
    return z.scatter_add(1, indices, values) @ decoder + b_dec


def decode_loss(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
    target: Float[Tensor, "n d"],
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"], Float[Tensor, " n"]]:
    """Residual û − u, ⟨decoder row, residual⟩ of every slot in use, ‖residual‖² of rows."""
    residual = decode(values, indices, decoder, b_dec) - target
    along = (residual @ decoder.T).gather(1, indices) * (values != 0)
    return residual, along, residual.square().sum(1)
