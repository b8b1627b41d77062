"""Reconstruction through codes whose length differs from row to row, with gradients for what fires.

z = pre where pre is above a bound, 0 elsewhere: the bound is 0 for ReLU, that of the batch for
BatchTopK and a trained one for every latent in JumpReLU. Sums are those of TopK. Where more than
`DENSE_ABOVE` of all entries take part the dense products are faster and are used.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.decode import cpu as ragged
from benchmark.kernels.gradients.cpu import weight_gradients
from benchmark.sae.gates import BatchTopK, JumpReLU
from benchmark.sae.sparse_step import DENSE_ABOVE

Gate = BatchTopK | JumpReLU | None
Grads = tuple[Tensor, Tensor, Tensor]


def reconstruct_gated(
    x: Float[Tensor, "n d"],
    encoder: Float[Tensor, "m d"],
    b_enc: Float[Tensor, " m"],
    b_dec: Float[Tensor, " d"],
    decoder: Float[Tensor, "m d"],
    gate: Gate,
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n m"]]:
    """Reconstruction and the code z, written out. Without a gate z = relu(pre).

    A `JumpReLU` is left with the mean number of latents that fired, whose gradient reaches its
    thresholds alone.
    """
    weights = (x, encoder, b_enc, b_dec, decoder)
    if isinstance(gate, JumpReLU):
        out, z, gate.fired = SparseGate.apply(*weights, gate.threshold, gate.bandwidth, None)
        return out, z
    out, z, _ = SparseGate.apply(*weights, None, 0.0, gate)
    return out, z


class SparseGate(torch.autograd.Function):
    """(x, encoder, b_enc, b_dec, decoder, θ, bandwidth, gate) → reconstruction, z, mean l0.

    θ [m] or None; without it the bound is what `gate` says of this batch, or 0. θ has the gradient
    of a rectangle of width `bandwidth` around it (arXiv 2407.14435).
    """

    @staticmethod
    def forward(
        ctx: Any,
        x: Tensor,
        encoder: Tensor,
        b_enc: Tensor,
        b_dec: Tensor,
        decoder: Tensor,
        threshold: Tensor | None,
        bandwidth: float,
        gate: BatchTopK | None,
    ) -> tuple[Tensor, Tensor, Tensor]:
        centred = x - b_dec
        z = torch.addmm(b_enc, centred, encoder.T)
        near = z.new_empty(0, dtype=torch.long)
        if threshold is not None:
            near = ((z - threshold).abs_() < bandwidth / 2).view(-1).nonzero()[:, 0]
        pre = z.view(-1)[near]
        z.relu_() if threshold is None else z.masked_fill_(z <= threshold, 0)
        if gate is not None:
            z.masked_fill_(z < gate.bound(z), 0)
        fired = z.view(-1).nonzero()[:, 0]
        ctx.sparse = max(len(fired), len(near)) <= DENSE_ABOVE * z.numel()
        ctx.bandwidth = bandwidth
        ctx.save_for_backward(centred, encoder, decoder, z, fired, near, pre)
        l0 = z.new_tensor(len(fired) / len(z))
        if not ctx.sparse:
            return torch.addmm(b_dec, z, decoder), z, l0
        rows, latents = _slots(z, fired)
        out = ragged.decode(z.view(-1)[fired], latents, decoder, b_dec, _starts(rows, len(z)))
        return out, z, l0

    @staticmethod
    def backward(ctx: Any, d_out: Tensor, d_z: Tensor, d_l0: Tensor) -> tuple[Tensor | None, ...]:
        centred, encoder, decoder, z, fired, near, pre = ctx.saved_tensors
        if ctx.sparse:
            seen = (centred, decoder, z, d_out, d_z)
            d_encoder, d_b_enc, d_decoder = _sparse(fired, *seen)
            d_near = _through(near, decoder, z, d_out, d_z)[2] if len(near) else near
        else:
            d_pre = torch.addmm(d_z, d_out, decoder.T)
            d_near = d_pre.view(-1)[near]
            d_pre.mul_(z.sign())
            d_encoder, d_b_enc, d_decoder = d_pre.T @ centred, d_pre.sum(0), z.T @ d_out
        d_threshold = None
        if ctx.needs_input_grad[5]:
            d_step = pre * d_near + d_l0 / len(z)
            latents, m = near % z.shape[1], z.shape[1]
            d_threshold = -torch.bincount(latents, d_step, m).to(z.dtype) / ctx.bandwidth
        d_b_dec = d_out.sum(0) - d_b_enc @ encoder
        return None, d_encoder, d_b_enc, d_b_dec, d_decoder, d_threshold, None, None


def _sparse(
    fired: Int[Tensor, " s"],
    centred: Float[Tensor, "n d"],
    decoder: Float[Tensor, "m d"],
    z: Float[Tensor, "n m"],
    d_out: Float[Tensor, "n d"],
    d_z: Float[Tensor, "n m"],
) -> Grads:
    """Gradients of encoder rows, encoder bias and decoder rows, from entries that fired."""
    rows, latents, d_pre = _through(fired, decoder, z, d_out, d_z)
    values = z.view(-1)[fired]
    return weight_gradients(rows, values, d_pre, latents, len(decoder), centred, d_out)


def _through(
    at: Int[Tensor, " s"],
    decoder: Float[Tensor, "m d"],
    z: Float[Tensor, "n m"],
    d_out: Float[Tensor, "n d"],
    d_z: Float[Tensor, "n m"],
) -> Grads:
    """Row, latent and gradient of some entries of the code."""
    rows, latents = _slots(z, at)
    starts = _starts(rows, len(z))
    grads = ragged.dots(z.view(-1)[at], latents, decoder, d_out, starts)
    return rows, latents, grads + d_z.reshape(-1)[at]


def _slots(z: Float[Tensor, "n m"], at: Int[Tensor, " s"]) -> tuple[Tensor, Tensor]:
    """Row and latent of entries, row by row."""
    return at.div(z.shape[1], rounding_mode="floor"), at % z.shape[1]


def _starts(rows: Int[Tensor, " s"], n: int) -> Int[Tensor, " n"]:
    """Where each row's entries begin."""
    counts = torch.bincount(rows, minlength=n)
    return counts.cumsum(0) - counts
