"""AuxK: latents that have gone silent learn to explain what the others leave over. Off by default.

    loss += weight · FVU(e, ê),   e = u - û (fixed),   ê = z_dead @ W_dec,   z_dead = TopK over dead

Scaling and evaluating sparse autoencoders, arXiv 2406.04093.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import embedding_bag

from benchmark.contracts.topk import k_strongest
from benchmark.sae.trainable import Pass, Sae


class AuxK:
    """Counts for how many steps each latent was silent, and lets the dead ones help."""

    def __init__(self, sae: Sae, weight: float, *, k: int = 32, patience: int = 100) -> None:
        self.sae, self.weight, self.k, self.patience = sae, weight, k, patience
        self.silent = torch.zeros(len(sae.encoder), dtype=torch.long, device=sae.encoder.device)

    def __call__(self, u: Float[Tensor, "b d"], seen: Pass) -> Float[Tensor, ""]:
        """The auxiliary term of one step; 0 while no latent is dead."""
        assert seen.indices is not None
        self.silent += 1
        self.silent[seen.indices[seen.values > 0]] = 0
        dead = self.silent > self.patience
        if not self.weight or not dead.any():
            return u.new_zeros(())
        pre = self.sae.pre_activations(u).relu() * dead
        values, indices = k_strongest(pre, min(self.k, int(dead.sum())))
        explained = embedding_bag(indices, self.sae.decoder, per_sample_weights=values, mode="sum")
        return self.weight * (explained - (u - seen.out).detach()).square().mean()
