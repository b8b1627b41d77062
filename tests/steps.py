"""A training step as it is written down, by torch's own operations one after another."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from benchmark.sae.trainable import Sae, fvu


def plain_step(saes: Sequence[Sae], adam: torch.optim.AdamW, u: Tensor, clip: float) -> Tensor:
    """Loss before the step: gradients perpendicular to decoder rows, clipped, AdamW, unit rows."""
    adam.zero_grad()
    loss = torch.stack([fvu(sae(u).out, u) for sae in saes]).sum()
    loss.backward()
    with torch.no_grad():
        for sae in saes:
            gradient = sae.decoder.grad
            assert gradient is not None
            gradient -= (gradient * sae.decoder).sum(1, keepdim=True) * sae.decoder
            torch.nn.utils.clip_grad_norm_(sae.parameters(), clip)
        adam.step()
        for sae in saes:
            sae.decoder /= sae.decoder.norm(dim=1, keepdim=True)
    return loss.detach()
