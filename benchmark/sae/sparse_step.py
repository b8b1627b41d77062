"""Reconstruction through TopK or ReLU with gradients for active latents alone.

With n rows and k active latents only n·k rows of the two weight matrices have a gradient. Of the
six matrix products of the dense step one stays (encode); both weight gradients are sums grouped by
latent, and the b_dec gradient of the encoder is one mat-vec.
Weights are stored by latent, [m, d], so that a latent is a row in both.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts.topk import k_strongest
from benchmark.kernels.decode import cpu as ragged
from benchmark.kernels.decode import decode, dots
from benchmark.kernels.encode import encode
from benchmark.kernels.gradients import weight_gradients
from benchmark.kernels.gradients.cpu import weight_gradients as weight_sums

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
        values, indices = encode(centred, encoder, b_enc, k)
        ctx.save_for_backward(centred, encoder, decoder, values, indices)
        ctx.mark_non_differentiable(indices)
        return decode(values, indices, decoder, b_dec), values, indices

    @staticmethod
    def backward(ctx: Any, d_out: Tensor, d_values: Tensor, _: Tensor) -> tuple[Tensor | None, ...]:
        centred, encoder, decoder, values, indices = ctx.saved_tensors
        d_pre = (dots(values, indices, decoder, d_out) + d_values) * (values > 0)
        d_encoder, d_b_enc, d_decoder = weight_gradients(
            values, indices, len(encoder), centred, d_pre, d_out
        )
        d_b_dec = d_out.sum(0) - d_b_enc @ encoder
        return None, d_encoder, d_b_enc, d_b_dec, d_decoder, None


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
        return ragged.decode(values, latents, decoder, b_dec, _starts(rows, len(z))), z

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
    d_pre = ragged.dots(values, latents, decoder, d_out, _starts(rows, len(z)))
    d_pre = d_pre + d_z.reshape(-1)[fired]
    return weight_sums(rows, values, d_pre, latents, len(encoder), centred, d_out)


def _slots(z: Tensor, fired: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Row, latent and value of everything that fired, row by row."""
    m = z.shape[1]
    return fired.div(m, rounding_mode="floor"), fired % m, z.view(-1)[fired]


def _starts(rows: Tensor, n: int) -> Tensor:
    """Where each row's slots begin."""
    counts = torch.bincount(rows, minlength=n)
    return counts.cumsum(0) - counts
