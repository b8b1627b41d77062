"""Reconstruction through TopK or ReLU with gradients for active latents alone, in plain torch.

With n rows and k active latents only n·k rows of the two weight matrices have a gradient. Of the
six matrix products of the dense step one stays (encode); both weight gradients are sums grouped by
latent (an `embedding_bag` over the batch), and the b_dec gradient of the encoder is one mat-vec.
Weights are stored by latent, [m, d], so that a latent is a row in both.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag

from benchmark.contracts.topk import k_strongest

DENSE_ABOVE = 1 / 8
"""Share of active latents above which the dense products are faster."""
Grads = tuple[Tensor, Tensor, Tensor]


class SparseTopK(torch.autograd.Function):
    """(x, encoder, b_enc, b_dec, decoder, k) → reconstruction, values, indices."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, encoder: Tensor, b_enc: Tensor, b_dec: Tensor, decoder: Tensor, k: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        centred = x - b_dec
        values, indices = k_strongest(torch.addmm(b_enc, centred, encoder.T).relu_(), k)
        out = embedding_bag(indices, decoder, per_sample_weights=values, mode="sum") + b_dec
        ctx.save_for_backward(centred, encoder, decoder, values, indices)
        ctx.mark_non_differentiable(indices)
        return out, values, indices

    @staticmethod
    def backward(ctx: Any, d_out: Tensor, d_values: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        centred, encoder, decoder, values, indices = ctx.saved_tensors
        d_pre = (dots(values, indices, decoder, d_out) + d_values) * (values > 0)
        order, starts = by_latent(indices.reshape(-1), len(encoder))
        row = order.div(indices.shape[1], rounding_mode="floor")
        active, grads = values.reshape(-1)[order], d_pre.reshape(-1)[order]
        d_decoder = embedding_bag(row, d_out, starts, per_sample_weights=active, mode="sum")
        d_encoder = embedding_bag(row, centred, starts, per_sample_weights=grads, mode="sum")
        ones = centred.new_ones(len(centred), 1)
        d_b_enc = embedding_bag(row, ones, starts, per_sample_weights=grads, mode="sum")[:, 0]
        d_b_dec = d_out.sum(0) - d_b_enc @ encoder
        return None, d_encoder, d_b_enc, d_b_dec, d_decoder, None


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


def by_latent(latents: Int[Tensor, " s"], m: int) -> tuple[Int[Tensor, " s"], Int[Tensor, " m"]]:
    """Slots grouped by latent, in their order within one: where they were, where groups start."""
    counts = torch.bincount(latents, minlength=m)
    return latents.argsort(stable=True), counts.cumsum(0) - counts


def dense_topk(
    x: Tensor, encoder: Tensor, b_enc: Tensor, b_dec: Tensor, decoder: Tensor, k: int
) -> tuple[Tensor, Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The same by ordinary autograd: the reference, and the faster way when k is near m."""
    pre = torch.addmm(b_enc, x - b_dec, encoder.T).relu()
    with torch.no_grad():
        indices = k_strongest(pre, k)[1]
    values = pre.gather(1, indices)
    return torch.zeros_like(pre).scatter(1, indices, values) @ decoder + b_dec, values, indices


def reconstruct_topk(
    x: Tensor, encoder: Tensor, b_enc: Tensor, b_dec: Tensor, decoder: Tensor, k: int
) -> tuple[Tensor, Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Reconstruction, values and indices, by whichever way is faster for this k and m."""
    if k > len(encoder) * DENSE_ABOVE:
        return dense_topk(x, encoder, b_enc, b_dec, decoder, k)
    out: tuple[Tensor, Tensor, Tensor] = SparseTopK.apply(x, encoder, b_enc, b_dec, decoder, k)
    return out


class SparseReLU(torch.autograd.Function):
    """(x, encoder, b_enc, b_dec, decoder) → reconstruction and the code z, written out.

    The sums of TopK with a number of active latents that differs from row to row. Where more than
    DENSE_ABOVE of all entries fire the dense products are faster and are used.
    """

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
