"""The projector of the pocket VLMs as it is trained, and as the model's class has it."""

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

    @torch.no_grad()
    def write(self, into: nn.Module) -> None:
        """The same map as the first layer of transformers' projector."""
        weight = self.weight / self.deviation
        into.get_parameter("linear_1.weight").copy_(weight)
        into.get_parameter("linear_1.bias").copy_(self.bias - weight @ self.mean)
