"""Sparse decode by torch's `embedding_bag`, of slots in rows or row after row."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag


def decode(
    values: Float[Tensor, "..."],
    indices: Int[Tensor, "..."],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
    starts: Int[Tensor, " n"] | None = None,
) -> Float[Tensor, "n d"]:
    """Σ value · decoder row + b_dec; with `starts` slots are flat and rows differ in length."""
    out = embedding_bag(indices, decoder, starts, per_sample_weights=values, mode="sum")
    return out + b_dec


def dots(
    values: Float[Tensor, "..."],
    indices: Int[Tensor, "..."],
    decoder: Float[Tensor, "m d"],
    d_out: Float[Tensor, "n d"],
    starts: Int[Tensor, " n"] | None = None,
) -> Float[Tensor, "..."]:
    """⟨decoder row, d_out⟩ of every slot: what `embedding_bag` passes back to its weights.

    Running it once more is six times cheaper than gathering n·k decoder rows to multiply them.
    """
    with torch.enable_grad():
        weights = values.detach().requires_grad_()
        bags = {"offsets": starts, "per_sample_weights": weights}
        out = embedding_bag(indices, decoder.detach(), mode="sum", **bags)  # type: ignore[arg-type]
        return torch.autograd.grad(out, weights, d_out)[0]
