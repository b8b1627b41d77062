"""Weight gradients by `embedding_bag`: latents are the bags, rows of the batch what is in them."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag


def weight_gradients(
    rows: Int[Tensor, " s"],
    values: Float[Tensor, " s"],
    d_pre: Float[Tensor, " s"],
    latents: Int[Tensor, " s"],
    m: int,
    centred: Float[Tensor, "n d"],
    d_out: Float[Tensor, "n d"],
) -> tuple[Float[Tensor, "m d"], Float[Tensor, " m"], Float[Tensor, "m d"]]:
    """Of encoder rows, encoder bias and decoder rows, from slots with their row and latent."""
    starts = torch.bincount(latents, minlength=m)
    starts = starts.cumsum(0) - starts
    order = latents.argsort(stable=True)
    row, active, grads = rows[order], values[order], d_pre[order]
    d_decoder = embedding_bag(row, d_out, starts, per_sample_weights=active, mode="sum")
    d_encoder = embedding_bag(row, centred, starts, per_sample_weights=grads, mode="sum")
    ones = centred.new_ones(len(centred), 1)
    d_b_enc = embedding_bag(row, ones, starts, per_sample_weights=grads, mode="sum")[:, 0]
    return d_encoder, d_b_enc, d_decoder
