"""The dense training step of a TopK dictionary, as papers have it: what the kernels replace."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.kernels.bench.inputs import Weights


class DenseStep:
    """Scatter, six dense products, clipping by the norm, AdamW, rows back to length one."""

    def __init__(self, weights: Weights, k: int, dtype: torch.dtype, *, compiled: bool) -> None:
        parts = (weights.encoder, weights.b_enc, weights.b_dec, weights.decoder)
        self.parameters = [torch.nn.Parameter(t.detach().clone()) for t in parts]
        self.k, self.dtype = k, dtype
        self.adam = torch.optim.AdamW(self.parameters, lr=1e-3, weight_decay=0.0, fused=True)
        self.loss = torch.compile(self._loss) if compiled else self._loss
        self.project = torch.compile(_perpendicular) if compiled else _perpendicular
        self.renormalise = torch.compile(_unit) if compiled else _unit

    def _loss(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        encoder, b_enc, b_dec, decoder = self.parameters
        with torch.autocast(u.device.type, self.dtype, enabled=self.dtype != torch.float32):
            pre = torch.addmm(b_enc, u - b_dec, encoder.T).relu()
            values, indices = pre.topk(self.k, dim=1, sorted=False)
            z = torch.zeros_like(pre).scatter(1, indices, values)
            out = z @ decoder + b_dec
        return (out.float() - u).square().mean()

    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """One step; returns the loss before it."""
        self.adam.zero_grad(set_to_none=True)
        loss = self.loss(u)
        loss.backward()
        decoder = self.parameters[3]
        assert decoder.grad is not None
        with torch.no_grad():
            self.project(decoder, decoder.grad)
        torch.nn.utils.clip_grad_norm_(self.parameters, 1.0)
        self.adam.step()
        with torch.no_grad():
            self.renormalise(decoder)
        return loss.detach()


def _perpendicular(rows: Tensor, gradient: Tensor) -> None:
    gradient.sub_((gradient * rows).sum(1, keepdim=True) * rows)


def _unit(rows: Tensor) -> None:
    rows.div_(torch.linalg.vector_norm(rows, dim=1, keepdim=True).clamp_min(1e-12))
