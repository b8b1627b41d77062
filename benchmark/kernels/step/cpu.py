"""One training step of a TopK dictionary on a CPU: one product, and rows that are in use alone.

    z = TopK(relu((u − b_dec) W_encᵀ + b_enc)),  û = z W_dec + b_dec,  loss = mean (û − u)²

then the gradient of decoder rows made perpendicular to them, clipping by the norm over all weights,
AdamW without decay, decoder rows back to length one: what `sae.training` does. With bfloat16 the
product proposes candidates; which latents are kept, and their values, are those of float32.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.adamw import AdamW
from benchmark.kernels.decode.cpu import decode, dots
from benchmark.kernels.encode.cpu import encode, encode_low
from benchmark.kernels.gradients import weight_gradients


class SparseStep:
    """Weights by latent, [m, d], and the step that changes them."""

    def __init__(
        self,
        encoder: Float[Tensor, "m d"],
        b_enc: Float[Tensor, " m"],
        b_dec: Float[Tensor, " d"],
        decoder: Float[Tensor, "m d"],
        k: int,
        *,
        rate: float = 1e-3,
        clip: float = 1.0,
        dtype: torch.dtype = torch.float32,
    ) -> None:
        parts = (encoder, b_enc, b_dec, decoder)
        self.weights = [torch.nn.Parameter(t.detach().clone()) for t in parts]
        self.adam = AdamW([self.weights], [self.weights[3]], clip=clip)
        self.k, self.rate, self.dtype = k, rate, dtype

    @torch.no_grad()
    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """One step; returns the loss before it."""
        encoder, b_enc, b_dec, decoder = self.weights
        centred = u - b_dec
        values, indices = self.encode(centred)
        residual = decode(values, indices, decoder, b_dec) - u
        d_out = residual * (2 / u.numel())
        d_pre = dots(values, indices, decoder, d_out) * (values > 0)
        rows = weight_gradients(values, indices, len(encoder), centred, d_pre, d_out)
        encoder.grad, b_enc.grad, decoder.grad = rows
        b_dec.grad = d_out.sum(0) - b_enc.grad @ encoder
        self.adam.step(self.rate)
        return residual.square().mean()

    def encode(
        self, centred: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
        """Values and indices of rows from which b_dec has been taken."""
        encoder, b_enc = self.weights[:2]
        if self.dtype == torch.float32:
            return encode(centred, encoder, b_enc, self.k)
        return encode_low(centred, encoder, b_enc, self.k, self.dtype)
