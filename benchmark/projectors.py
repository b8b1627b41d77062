"""A linear projector from a vision tower to a language model, while it is trained."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn


class Projector(nn.Module):
    """A linear map of patch tokens, standardised as some pictures' are; that folds into the map."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, tokens: Float[Tensor, "n p d"], width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        flat = tokens.flatten(0, 1)
        d = flat.shape[1]
        self.register_buffer("mean", flat.mean(0))
        self.register_buffer("deviation", flat.std(0))
        self.weight = nn.Parameter(torch.randn(width, d, generator=generator) * 0.02)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: Float[Tensor, "b p d"]) -> Float[Tensor, "b p w"]:
        return nn.functional.linear((tokens - self.mean) / self.deviation, self.weight, self.bias)

    def folded(self) -> tuple[Float[Tensor, "w d"], Float[Tensor, " w"]]:
        """Weight and bias of the same map for tokens as they come; differentiable."""
        weight = self.weight / self.deviation
        return weight, self.bias - weight @ self.mean
