"""A dictionary while it is trained: weights by latent, one forward pass, and the loss terms."""

from __future__ import annotations

from typing import NamedTuple

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn.functional import embedding_bag, normalize

from benchmark.sae.chosen import products_at
from benchmark.sae.dictionaries import Tower
from benchmark.sae.gates import BatchTopK, JumpReLU
from benchmark.sae.sparse_gate import reconstruct_gated
from benchmark.sae.sparse_step import reconstruct_topk


class Pass(NamedTuple):
    """One forward pass in scaled units: a sparse code (values at indices) or a dense one."""

    out: Float[Tensor, "b d"]
    values: Float[Tensor, "b k"]
    indices: Int[Tensor, "b k"] | None


class Sae(torch.nn.Module):
    """A trainable tower; weights are stored by latent, [m, d]. No k: its gate, or ReLU."""

    def __init__(
        self, d: int, m: int, k: int | None, mean: Float[Tensor, " d"], generator: torch.Generator
    ) -> None:
        super().__init__()
        rows = normalize(torch.randn(m, d, generator=generator), dim=1).to(mean.device)
        self.k = k
        self.gate: BatchTopK | JumpReLU | None = None
        self.encoder = torch.nn.Parameter(rows)
        self.decoder = torch.nn.Parameter(rows.clone())
        self.b_enc = torch.nn.Parameter(rows.new_zeros(m))
        self.b_dec = torch.nn.Parameter(mean.to(rows))

    def pre_activations(self, u: Float[Tensor, "b d"]) -> Float[Tensor, "b m"]:
        """What the activation function sees."""
        return torch.addmm(self.b_enc, u - self.b_dec, self.encoder.T)

    def pre_activations_at(
        self,
        u: Float[Tensor, "b d"],
        known: Float[Tensor, "b m"],
        indices: Int[Tensor, "b k"],
    ) -> Float[Tensor, "b k"]:
        """The `known` pre-activations of some latents, with the gradient of these alone."""
        return products_at(u - self.b_dec, self.encoder, self.b_enc, known, indices)

    def forward(self, u: Float[Tensor, "b d"], kept: Bool[Tensor, " m"] | None = None) -> Pass:
        """One pass; latents that are not `kept` cannot fire."""
        b_enc = self.b_enc if kept is None else self.b_enc.masked_fill(~kept, -torch.inf)
        weights = (self.encoder, b_enc, self.b_dec, self.decoder)
        if self.k is not None:
            return Pass(*reconstruct_topk(u, *weights, self.k))
        return Pass(*reconstruct_gated(u, *weights, self.gate), None)

    def rebuilt(
        self, values: Float[Tensor, "b k"], indices: Int[Tensor, "b k"]
    ) -> Float[Tensor, "b d"]:
        """Reconstruction from the values of some latents."""
        out = embedding_bag(indices, self.decoder, per_sample_weights=values, mode="sum")
        return out + self.b_dec

    def from_strongest(self, seen: Pass, k: int) -> Float[Tensor, "b d"]:
        """Reconstruction from the k strongest of the latents that a sparse pass used."""
        assert seen.indices is not None
        values, place = seen.values.sort(dim=1, descending=True, stable=True)
        indices = seen.indices.gather(1, place[:, :k])
        return self.rebuilt(values[:, :k], indices)

    @torch.no_grad()
    def start_sparse(self, u: Float[Tensor, "n d"], k: int) -> None:
        """Set b_enc so that every latent fires on a share k/m of these rows.

        A ReLU dictionary starts with half its latents on, and the bias takes most of a short
        training to come down; from here L1 only has to keep the sparsity that is there.
        """
        pre = (u - self.b_dec) @ self.encoder.T
        self.b_enc.copy_(-pre.quantile(1 - k / len(self.encoder), dim=0))

    def tower(self, scale: float) -> Tower:
        """The frozen result, on the CPU, for rows in original units."""
        W_enc, b_enc, W_dec, b_dec = (
            t.detach().cpu().clone().contiguous()
            for t in (self.encoder.T, self.b_enc, self.decoder, self.b_dec)
        )
        weights = (W_enc, b_enc, W_dec, b_dec, scale)
        if self.gate is not None:
            return Tower(*weights, "jumprelu", None, self.gate.threshold.detach().cpu().clone())
        return Tower(*weights, "relu" if self.k is None else "topk", self.k)


def cosine(a: Pass, b: Pass, m: int) -> Float[Tensor, " b"]:
    """Cosine of the codes of each pair; 0 where one is empty."""
    left, right = a.values, b.values
    if a.indices is not None and b.indices is not None:
        left = left.new_zeros(len(left), m).scatter(1, a.indices, left).gather(1, b.indices)
    norms = a.values.square().sum(1) * b.values.square().sum(1)
    return (left * right).sum(1) * norms.clamp_min(1e-12).rsqrt()


def fvu(out: Float[Tensor, "b d"], u: Float[Tensor, "b d"]) -> Float[Tensor, ""]:
    """‖û − u‖² over the variance of train, which is d_in in scaled units."""
    return (out - u).square().mean()
