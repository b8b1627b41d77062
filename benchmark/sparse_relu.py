"""Reconstruction through ReLU whose backward touches only what fired, while that is little.

The same sums as for TopK (see `sparse_step`), with a number of active latents that differs from row
to row. Where more than a share of all entries fire, the dense products are faster and are used;
even then the encoder's b_dec gradient is one mat-vec instead of a product.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding_bag

from benchmark.sparse_step import DENSE_ABOVE, by_latent, dots

Grads = tuple[Tensor, Tensor, Tensor]


class SparseReLU(torch.autograd.Function):
    """(x, encoder, b_enc, b_dec, decoder) → reconstruction and the code z, written out."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, encoder: Tensor, b_enc: Tensor, b_dec: Tensor, decoder: Tensor
    ) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n m"]]:
        centred = x - b_dec
        z = torch.addmm(b_enc, centred, encoder.T).relu_()
        fired = z.view(-1).nonzero()[:, 0]
        ctx.sparse = len(fired) <= DENSE_ABOVE * z.numel()
        ctx.save_for_backward(centred, encoder, decoder, z, fired)
        if not ctx.sparse:
            return torch.addmm(b_dec, z, decoder), z
        rows, latents, values = _slots(z, fired)
        starts = _starts(rows, len(z))
        out = embedding_bag(latents, decoder, starts, per_sample_weights=values, mode="sum")
        return out + b_dec, z

    @staticmethod
    def backward(ctx: Any, d_out: Tensor, d_z: Tensor) -> tuple[Tensor | None, ...]:
        encoder = ctx.saved_tensors[1]
        grads = _sparse if ctx.sparse else _dense
        d_encoder, d_b_enc, d_decoder = grads(*ctx.saved_tensors, d_out, d_z)  # type: ignore[call-arg]
        return None, d_encoder, d_b_enc, d_out.sum(0) - d_b_enc @ encoder, d_decoder


def _dense(
    centred: Tensor, _: Tensor, decoder: Tensor, z: Tensor, __: Tensor, d_out: Tensor, d_z: Tensor
) -> Grads:
    d_pre = torch.addmm(d_z, d_out, decoder.T).mul_(z.sign())
    return d_pre.T @ centred, d_pre.sum(0), z.T @ d_out


def _sparse(
    centred: Tensor,
    encoder: Tensor,
    decoder: Tensor,
    z: Tensor,
    fired: Tensor,
    d_out: Tensor,
    d_z: Tensor,
) -> Grads:
    rows, latents, values = _slots(z, fired)
    d_pre = dots(values, latents, decoder, d_out, _starts(rows, len(z)))
    d_pre = d_pre + d_z.reshape(-1)[fired]
    order, starts = by_latent(latents, len(encoder))
    row, grads, active = rows[order], d_pre[order], values[order]
    d_encoder = embedding_bag(row, centred, starts, per_sample_weights=grads, mode="sum")
    d_decoder = embedding_bag(row, d_out, starts, per_sample_weights=active, mode="sum")
    ones = centred.new_ones(len(centred), 1)
    d_b_enc = embedding_bag(row, ones, starts, per_sample_weights=grads, mode="sum")[:, 0]
    return d_encoder, d_b_enc, d_decoder


def _slots(z: Tensor, fired: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Row, latent and value of everything that fired, row by row."""
    m = z.shape[1]
    return fired.div(m, rounding_mode="floor"), fired % m, z.view(-1)[fired]


def _starts(rows: Tensor, n: int) -> Tensor:
    """Where each row's slots begin."""
    counts = torch.bincount(rows, minlength=n)
    return counts.cumsum(0) - counts
