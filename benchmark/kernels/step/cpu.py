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

from benchmark.kernels.adamw.cpu import parallel, update
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
        self.weights = [t.detach().clone() for t in (encoder, b_enc, b_dec, decoder)]
        self.moments = [(torch.zeros_like(t), torch.zeros_like(t)) for t in self.weights]
        self.k, self.rate, self.clip, self.dtype, self.steps = k, rate, clip, dtype, 0

    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """One step; returns the loss before it."""
        encoder, _, b_dec, decoder = self.weights
        centred = u - b_dec
        values, indices = self.encode(centred)
        residual = decode(values, indices, decoder, b_dec) - u
        d_out = residual * (2 / u.numel())
        d_pre = dots(values, indices, decoder, d_out) * (values > 0)
        d_encoder, d_b_enc, d_decoder = weight_gradients(
            values, indices, len(encoder), centred, d_pre, d_out
        )
        d_b_dec = d_out.sum(0) - d_b_enc @ encoder
        self._update([d_encoder, d_b_enc, d_b_dec, d_decoder])
        return residual.square().mean()

    def encode(
        self, centred: Float[Tensor, "n d"]
    ) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
        """Values and indices of rows from which b_dec has been taken."""
        encoder, b_enc = self.weights[:2]
        if self.dtype == torch.float32:
            return encode(centred, encoder, b_enc, self.k)
        return encode_low(centred, encoder, b_enc, self.k, encoder.to(self.dtype))

    def _update(self, gradients: list[Tensor]) -> None:
        self.steps += 1
        along = parallel(gradients[3].numpy(), self.weights[3].numpy())
        square = sum(float(torch.linalg.vector_norm(g)) ** 2 for g in gradients)
        square -= float((along**2).sum(dtype="f8"))
        clip = min(1.0, self.clip / (square**0.5 + 1e-6))
        state = (self.rate / (1 - 0.9**self.steps), (1 - 0.999**self.steps) ** 0.5, clip)
        for place, (weight, gradient) in enumerate(zip(self.weights, gradients, strict=True)):
            rows = [_rows(t).numpy() for t in (weight, gradient, *self.moments[place])]
            unit = along if place == 3 else None
            update(rows[0], rows[1], (rows[2], rows[3]), state, along=unit)


def _rows(t: Tensor) -> Float[Tensor, "a b"]:
    """A vector as rows of the largest power of two up to 1024 that divides it."""
    return t if t.ndim == 2 else t.view(-1, min(len(t) & -len(t), 1024))
