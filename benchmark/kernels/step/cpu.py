"""One training step by the sparse ops and torch's own AdamW: what `sae.training` does on a CPU."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.kernels.decode import decode, dots
from benchmark.kernels.encode import encode
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
    ) -> None:
        parts = (encoder, b_enc, b_dec, decoder)
        self.weights = [torch.nn.Parameter(t.detach().clone()) for t in parts]
        self.k = k
        self.adam = torch.optim.AdamW(self.weights, lr=1e-3, weight_decay=0.0, fused=True)

    @torch.no_grad()
    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """One step; returns the loss before it."""
        encoder, b_enc, b_dec, decoder = self.weights
        centred = u - b_dec
        values, indices = encode(centred, encoder, b_enc, self.k)
        residual = decode(values, indices, decoder, b_dec) - u
        loss = residual.square().mean()
        d_out = residual * (2 / u.numel())
        d_pre = dots(values, indices, decoder, d_out) * (values > 0)
        rows = weight_gradients(values, indices, len(encoder), centred, d_pre, d_out)
        encoder.grad, b_enc.grad, decoder.grad = rows
        b_dec.grad = d_out.sum(0) - b_enc.grad @ encoder
        along = torch.linalg.vecdot(decoder.grad, decoder)
        decoder.grad.addcmul_(decoder, along[:, None], value=-1)
        torch.nn.utils.clip_grad_norm_(self.weights, 1.0)
        self.adam.step()
        norm = torch.linalg.vector_norm(decoder, dim=1, keepdim=True)
        decoder.div_(norm.clamp_min(1e-12))
        return loss
