"""Co-activation with every zero written out."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

Codes = tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]


def cross(
    image: Codes, text: Codes, m: int, dtype: torch.dtype = torch.float64
) -> Float[Tensor, "m m"]:
    """Σ over rows of image code ⊗ text code."""
    left, right = (
        torch.zeros(len(z), m, dtype=dtype, device=z.device).scatter_add(1, i, z.to(dtype))
        for z, i in (image, text)
    )
    return left.T @ right
