"""The steps that the fused update takes at once, one after another, by torch's own AdamW."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def update(
    parameter: torch.nn.Parameter,
    gradient: Float[Tensor, "m d"],
    optimiser: torch.optim.Optimizer,
    clip: Float[Tensor, ""],
) -> None:
    """Perpendicular gradient, scaled by `clip`, AdamW, rows back to length one; in place."""
    with torch.no_grad():
        along = torch.linalg.vecdot(gradient, parameter)
        parameter.grad = (gradient - along[:, None] * parameter) * clip
        optimiser.step()
        norm = torch.linalg.vector_norm(parameter, dim=1, keepdim=True)
        parameter.div_(norm.clamp_min(1e-12))
