"""Random dictionaries, activations and codes to time with: never zeros, which hide and speed up."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.kernels.bench.case import Shape


@dataclass(frozen=True, eq=False)
class Weights:
    """A dictionary with weights by latent."""

    encoder: Float[Tensor, "m d"]
    b_enc: Float[Tensor, " m"]
    b_dec: Float[Tensor, " d"]
    decoder: Float[Tensor, "m d"]


def weights(shape: Shape, device: torch.device, generator: torch.Generator) -> Weights:
    """Decoder rows of length one; encoder rows near them."""
    decoder = normalize(_normal(shape.m, shape.d, device, generator), dim=1)
    encoder = decoder + _normal(shape.m, shape.d, device, generator) * (0.5 / shape.d**0.5)
    b_enc = _normal(1, shape.m, device, generator)[0] * 0.1
    return Weights(encoder, b_enc, _normal(1, shape.d, device, generator)[0], decoder)


def activations(
    shape: Shape, device: torch.device, generator: torch.Generator
) -> Float[Tensor, "n d"]:
    """Rows of unit variance in every column."""
    return _normal(shape.n, shape.d, device, generator)


def codes(
    shape: Shape, device: torch.device, generator: torch.Generator
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Values above 0 and k different latents a row, ascending.

    Skewed: latent j fires about as often as 1 / (j + 1), so the first on nearly every row.
    """
    if shape.skewed:
        weight = 1 / (torch.arange(shape.m, device=device) + 1.0)
        parts = [
            torch.multinomial(weight.expand(size, -1), shape.k, generator=generator)
            for size in _pieces(shape.n, max(1, (1 << 28) // shape.m))
        ]
        chosen = torch.cat(parts)
    else:
        step = shape.m // shape.k
        offset = torch.randint(step, (shape.n, shape.k), device=device, generator=generator)
        chosen = torch.arange(shape.k, device=device) * step + offset
    value = torch.rand(shape.n, shape.k, device=device, generator=generator) + 0.1
    return value, chosen.sort(dim=1).values


def _pieces(total: int, most: int) -> list[int]:
    return [min(most, total - start) for start in range(0, total, most)]


def _normal(rows: int, columns: int, device: torch.device, generator: torch.Generator) -> Tensor:
    return torch.randn(rows, columns, device=device, generator=generator)
