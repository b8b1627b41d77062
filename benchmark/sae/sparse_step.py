"""Reconstruction through TopK with gradients for active latents alone.

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
from benchmark.kernels.decode import decode, dots
from benchmark.kernels.encode import encode
from benchmark.kernels.gradients import weight_gradients

DENSE_ABOVE = 1 / 8
"""Share of active latents above which the dense products are faster."""


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
