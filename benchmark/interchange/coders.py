"""One SAE as a checkpoint holds it, before it meets the rows of a site.

    u = s · norm(x)        z = act((u [- b_dec]) @ W_enc + b_enc)        û = z @ W_dec + b_dec

`b_dec` is subtracted before encoding or not; `norm` works row by row or is nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor

from benchmark.contracts.topk import k_strongest
from benchmark.sae.dictionaries import Activation

RowNorm = Literal["none", "expected_average_only_in", "constant_norm_rescale", "layer_norm"]
"""What is done to a row first, in the words of SAELens."""
LN_EPSILON = 1e-5


@dataclass(frozen=True)
class Expected:
    """What a release says of its SAE on the rows that it is for; None where it does not."""

    l0: float | None = None
    explained_variance: float | None = None


@dataclass(frozen=True, eq=False)
class Coder:
    """Weights and conventions of one SAE; axes as everywhere, d_in and d_sae."""

    W_enc: Tensor
    """[d_in, d_sae]"""
    b_enc: Tensor
    """[d_sae]"""
    W_dec: Tensor
    """[d_sae, d_in]"""
    b_dec: Tensor
    """[d_in]"""
    activation: Activation
    k: int | None = None
    threshold: Tensor | None = None
    """[d_sae]: a latent is on above it."""
    subtracts: bool = True
    """Whether b_dec is subtracted before encoding."""
    norm: RowNorm = "none"
    scale: float | None = None
    """s, where the checkpoint says it; None: 1, or what `norm` makes of the rows."""
    budget: int | None = None
    """Latents an input that a dictionary without k was trained for."""
    told: Mapping[str, Any] = field(default_factory=dict)
    """Model, hook and data, as the checkpoint names them."""
    expected: Expected = Expected()
    notes: tuple[str, ...] = ()

    @property
    def d_in(self) -> int:
        return self.W_enc.shape[0]

    @property
    def d_sae(self) -> int:
        return self.W_enc.shape[1]

    def normed(self, x: Tensor) -> Tensor:
        """Rows [n, d_in] as the encoder takes them, each by itself."""
        if self.norm == "constant_norm_rescale":
            return x * (self.d_in**0.5 / x.norm(dim=-1, keepdim=True))
        if self.norm == "layer_norm":
            x = x - x.mean(dim=-1, keepdim=True)
            return x / (x.std(dim=-1, keepdim=True) + LN_EPSILON)
        return x * (1.0 if self.scale is None else self.scale)

    @torch.no_grad()
    def encode(self, x: Tensor) -> Tensor:
        """Codes [n, d_sae] by the plain formula: what every other way of encoding is held to."""
        u = self.normed(x.to(self.W_enc))
        pre = (u - self.b_dec * self.subtracts) @ self.W_enc + self.b_enc
        if self.activation == "jumprelu":
            assert self.threshold is not None
            return pre.relu() * (pre > self.threshold)
        if self.activation == "topk":
            assert self.k is not None
            values, indices = k_strongest(pre.relu(), self.k)
            return torch.zeros_like(pre).scatter(1, indices, values)
        if self.activation == "relu":
            return pre.relu()
        raise ValueError(f"a plain formula of {self.activation} is not kept")
