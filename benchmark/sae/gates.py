"""Other ways to be sparse than TopK: a gate turns pre-activations into codes while training.

A gate knows how the frozen tower must act to do the same to one row by itself.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.kernels.topk import nth_largest


class BatchTopK(torch.nn.Module):
    """The n·k largest of a batch of n: busy inputs may use more than k, plain ones fewer.

    arXiv 2412.06410. A row must not depend on its batch once training is over, so the frozen tower
    has one threshold, set by `settle` to let k latents through on average.
    """

    threshold: Tensor

    def __init__(self, k: int, m: int) -> None:
        super().__init__()
        self.k = k
        self.register_buffer("threshold", torch.zeros(m))

    def forward(self, pre: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        z = pre.relu()
        return z * (z >= self.bound(z.detach()))

    def bound(self, z: Float[Tensor, "n m"]) -> Float[Tensor, ""]:
        """The least of the n·k largest."""
        return nth_largest(z, self.k * len(z))

    @torch.no_grad()
    def settle(self, pre: Float[Tensor, "n m"]) -> None:
        """Fit the threshold to pre-activations of rows, those of val."""
        self.threshold.fill_(float(self.bound(pre).clamp_min(0)))


class JumpReLU(torch.nn.Module):
    """z = pre where pre > θ, with a threshold of its own for every latent, trained with the rest.

    arXiv 2407.14435. The step has no gradient, so θ gets that of a rectangle of width `bandwidth`
    around it, and `fired` (how many are on) can be penalised directly.
    """

    def __init__(self, threshold: Float[Tensor, " m"], bandwidth: float = 0.5) -> None:
        super().__init__()
        self.log_threshold = torch.nn.Parameter(threshold.clamp_min(1e-3).log())
        self.bandwidth = bandwidth
        self.fired = torch.zeros(())
        """Mean l0 of the last batch; its gradient reaches the thresholds only."""

    @property
    def threshold(self) -> Float[Tensor, " m"]:
        return self.log_threshold.exp()

    def forward(self, pre: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
        step = Step.apply(pre, self.threshold, self.bandwidth)
        self.fired = step.sum(1).mean()
        return pre * step


class Step(torch.autograd.Function):
    """1 where pre > θ; to θ it looks like a ramp of the given width, to pre it is constant."""

    @staticmethod
    def forward(ctx: Any, pre: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(pre, threshold)
        ctx.bandwidth = bandwidth
        return (pre > threshold).to(pre.dtype)

    @staticmethod
    def backward(ctx: Any, d_step: Tensor) -> tuple[None, Tensor, None]:
        pre, threshold = ctx.saved_tensors
        near = (pre - threshold).abs() < ctx.bandwidth / 2
        return None, -(d_step * near).sum(0) / ctx.bandwidth, None
