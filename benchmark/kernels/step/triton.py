"""One training step of a TopK dictionary on a GPU, made of kernels; as a graph where it is small.

    z = TopK(relu((u − b_dec) W_encᵀ + b_enc)),  û = z W_dec + b_dec,  loss = mean (û − u)²

then the gradient of decoder rows made perpendicular to them, clipping by the norm over all weights,
AdamW without decay, decoder rows back to length one: what `sae.training` does, in fewer passes.
Master weights and moments are float32. In bfloat16 the encode product and the gathered rows are
low precision; which latents are kept is decided, and their values computed, in float32.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.kernels.adamw import folded
from benchmark.kernels.adamw.triton import update
from benchmark.kernels.decode.triton import decode_loss
from benchmark.kernels.encode.triton import encode
from benchmark.kernels.gradients.triton import grouped, row_gradients


class TopKStep:
    """Weights, moments and the step that changes them; weights are stored by latent, [m, d]."""

    def __init__(
        self,
        encoder: Float[Tensor, "m d"],
        b_enc: Float[Tensor, " m"],
        b_dec: Float[Tensor, " d"],
        decoder: Float[Tensor, "m d"],
        k: int,
        *,
        clip: float = 1.0,
        betas: tuple[float, float] = (0.9, 0.999),
        dtype: torch.dtype = torch.bfloat16,
    ) -> None:
        self.weights = [t.detach().clone().float() for t in (encoder, b_enc, b_dec, decoder)]
        self.moments = [(torch.zeros_like(t), torch.zeros_like(t)) for t in self.weights]
        self.k, self.clip, self.betas, self.dtype = k, clip, betas, dtype
        low = dtype != torch.float32
        self.low_encoder = self.weights[0].to(dtype) if low else self.weights[0]
        self.low_decoder = self.weights[3].to(dtype) if low else self.weights[3]
        self.rows = (torch.empty_like(self.weights[3]), torch.empty_like(self.weights[0]))
        self.state = torch.zeros(3, device=encoder.device)
        self.loss = torch.zeros((), device=encoder.device)
        self.steps = 0

    def advance(self, rate: float) -> None:
        """Puts this step's learning rate and bias corrections where the kernels read them."""
        self.steps += 1
        one, two = (1 - beta**self.steps for beta in self.betas)
        self.state[0].fill_(rate / one)
        self.state[1].fill_(two**0.5)

    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """One step on a batch, after `advance`; returns the loss. Never waits for the device."""
        encoder, b_enc, b_dec, decoder = self.weights
        centred = u - b_dec
        low = self.low_encoder if self.dtype != torch.float32 else None
        values, indices = encode(centred, encoder, b_enc, self.k, low)
        residual, along, squares = decode_loss(
            values, indices, self.low_decoder, b_dec, u, dtype=self.dtype
        )
        scale = 2 / u.numel()
        d_pre, active = along * (values > 0) * scale, values * scale
        by = grouped(values, indices, len(encoder))
        rows = row_gradients(
            by, residual, active, centred.to(self.dtype), d_pre, active * along, self.rows
        )
        d_b_enc, parallel = rows.right_sum, rows.third_sum
        d_b_dec = torch.addmv(
            residual.sum(0, dtype=torch.float32), encoder.T, d_b_enc, beta=scale, alpha=-1
        )
        biases = torch.cat([d_b_enc, d_b_dec])
        square = rows.squares.sum() + biases.dot(biases) - parallel.dot(parallel)
        self.state[2] = (self.clip / (square.sqrt() + 1e-6)).clamp(max=1)
        update(
            encoder,
            rows.right,
            self.moments[0],
            self.state,
            starts=by.starts,
            shadow=low,
            betas=self.betas,
        )
        update(
            decoder,
            rows.left,
            self.moments[3],
            self.state,
            starts=by.starts,
            along=parallel,
            shadow=None if low is None else self.low_decoder,
            betas=self.betas,
        )
        for place, gradient in ((1, d_b_enc), (2, d_b_dec)):
            parts = [folded(t) for t in (self.weights[place], gradient, *self.moments[place])]
            update(parts[0], parts[1], (parts[2], parts[3]), self.state, betas=self.betas)
        return self.loss.copy_(squares.sum() / u.numel())


class Graph:
    """A step captured once and replayed: at CLIP sizes launches cost more than the work."""

    def __init__(self, step: TopKStep, rows: int, d: int) -> None:
        self.step = step
        self.u = torch.zeros(rows, d, device=step.state.device)
        self.graph: torch.cuda.CUDAGraph | None = None

    def run(self, u: Float[Tensor, "n d"]) -> Float[Tensor, ""]:
        """`TopKStep.run` of a batch of the size this was made for, after `advance`."""
        self.u.copy_(u)
        if self.graph is not None:
            self.graph.replay()
            return self.step.loss
        loss = self.step.run(self.u).clone()
        torch.cuda.synchronize()
        self.graph = torch.cuda.CUDAGraph()
        with torch.cuda.graph(self.graph):
            self.step.run(self.u)
        return loss
