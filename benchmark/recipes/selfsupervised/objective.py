"""Same-patch contrast: a patch and its second picture against every other patch of the batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float, Int, UInt8
from torch import Tensor, nn
from transformers import CLIPVisionModel

from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.precision import ATTENTION, mixed
from benchmark.recipes.selfsupervised.views import views
from benchmark.recipes.trainer import Plan
from benchmark.recipes.vlm import tower as towers

VIEW_STREAM = 8_000_000
"""Added to the seed: these scenes are in no other recipe and in no benchmark of a small seed."""


@dataclass(frozen=True)
class TowerPlan(Plan):
    """What the recipe spends; the shipped tower is made with the defaults."""

    steps: int = 2000
    batch_size: int = 128
    lr: float = 1.5e-3
    temperature: float = 0.1


class Head(nn.Module):
    """From a patch token to the space of the contrast; used in training only."""

    def __init__(self, width: int, out: int = 96) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, 2 * width), nn.GELU(), nn.Linear(2 * width, out)
        )

    def forward(self, tokens: Float[Tensor, "n d"]) -> Float[Tensor, "n e"]:
        return nn.functional.normalize(self.layers(tokens).float(), dim=1)


class Objective:
    """Tower, head, and the loss of any step of a plan."""

    def __init__(self, plan: TowerPlan, device: torch.device) -> None:
        self.plan, self.device = plan, device
        self.tower = towers.fresh(plan.seed)
        self.tower.to(device)  # type: ignore[arg-type]
        self.tower.set_attn_implementation(ATTENTION)
        self.head = Head(self.tower.config.hidden_size).to(device)

    @property
    def modules(self) -> dict[str, nn.Module]:
        """All that is trained, and saved in a checkpoint."""
        return {"tower": self.tower, "head": self.head}

    def __call__(self, step: int) -> dict[str, Tensor]:
        """The loss of a step on fresh pairs of pictures, and how often the right patch is found."""
        plan = self.plan
        batch = views(VIEW_STREAM + plan.seed, step * plan.batch_size, plan.batch_size)
        chosen = torch.from_numpy(batch.patches).to(self.device)
        with mixed(self.device):
            sides = [self._patches(side, chosen) for side in (batch.first, batch.second)]
        scores = sides[0] @ sides[1].T / plan.temperature
        own = torch.arange(len(scores), device=self.device)
        loss = (
            nn.functional.cross_entropy(scores, own) + nn.functional.cross_entropy(scores.T, own)
        ) / 2
        found = (scores.argmax(1) == own).float().view(chosen.shape)
        return {"loss": loss, "object": found[:, :4].mean(), "ground": found[:, 4:].mean()}

    def _patches(
        self, pictures: UInt8[np.ndarray, "b 96 96 3"], chosen: Int[Tensor, "b s"]
    ) -> Float[Tensor, "b*s e"]:
        """Head outputs of the chosen patches."""
        pixels = normalised(list(pictures)).to(self.device)
        tokens = patch_tokens(self.tower, pixels)
        picked = tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[2]))
        return self.head(picked.flatten(0, 1))


def patch_tokens(
    tower: CLIPVisionModel, pixels: Float[Tensor, "b 3 96 96"]
) -> Float[Tensor, "b p d"]:
    """The last block's tokens without CLS: what a projector reads."""
    return tower(pixels, output_hidden_states=True).hidden_states[-1][:, 1:]
