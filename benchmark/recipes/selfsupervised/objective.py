"""Same-patch contrast: a thing and its second picture against every other thing of the batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor, nn
from transformers import CLIPVisionModel

from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.precision import ATTENTION, mixed
from benchmark.recipes.selfsupervised.views import PER_CELL, SHARED, Views, views
from benchmark.recipes.trainer import Plan
from benchmark.recipes.vlm import tower as towers

VIEW_STREAM = 8_000_000
"""Added to the seed: these scenes are in no other recipe and in no benchmark of a small seed."""


@dataclass(frozen=True)
class TowerPlan(Plan):
    """What the recipe spends; the shipped tower is made with the defaults."""

    steps: int = 1500
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

    def forward(self, tokens: Float[Tensor, "b s d"]) -> Float[Tensor, "b s e"]:
        return nn.functional.normalize(self.layers(tokens).float(), dim=-1)


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
        """The loss of a step on fresh pictures, and how often the right thing is found.

        Half of it is about single patches, half about objects: the mean of their four.
        """
        plan = self.plan
        batch = views(VIEW_STREAM + plan.seed, step * plan.batch_size, plan.batch_size)
        with mixed(self.device):
            sides = [self._patches(side, batch) for side in (batch.first, batch.second)]
            one, two = (self.head(side) for side in sides)
            first, second = (self.head(_objects(side)) for side in sides)
        partner = torch.from_numpy(batch.partner).to(self.device)
        same = _same_ground(batch).to(self.device)
        of_patches, found = self._contrast(one, two, partner, same)
        shared = partner[:, : SHARED * PER_CELL : PER_CELL]
        of_objects, known = self._contrast(first, second, shared)
        return {
            "loss": (of_patches + of_objects) / 2,
            "object": known.mean(),
            "patch": found[:, : SHARED * PER_CELL].mean(),
            "ground": found[:, SHARED * PER_CELL :].mean(),
        }

    def _contrast(
        self,
        first: Float[Tensor, "b s e"],
        second: Float[Tensor, "b s e"],
        partner: Int[Tensor, "b s"],
        left_out: Bool[Tensor, "n n"] | None = None,
    ) -> tuple[Float[Tensor, ""], Float[Tensor, "b s"]]:
        """Symmetric cross-entropy of finding each thing's partner, and which were found."""
        b, s, _ = first.shape
        scores = first.flatten(0, 1) @ second.flatten(0, 1).T / self.plan.temperature
        if left_out is not None:
            scores = scores.masked_fill(left_out, -torch.inf)
        own = (partner * s + torch.arange(s, device=partner.device)).flatten()
        back = torch.empty_like(own)
        back[own] = torch.arange(b * s, device=own.device)
        loss = nn.functional.cross_entropy(scores, own) + nn.functional.cross_entropy(
            scores.T, back
        )
        return loss / 2, (scores.argmax(1) == own).float().view(b, s)

    def _patches(
        self, pictures: UInt8[np.ndarray, "b 96 96 3"], batch: Views
    ) -> Float[Tensor, "b s d"]:
        """Tokens of the chosen patches."""
        tokens = patch_tokens(self.tower, normalised(list(pictures)).to(self.device))
        chosen = torch.from_numpy(batch.patches).to(self.device)
        return tokens.gather(1, chosen[..., None].expand(-1, -1, tokens.shape[2]))


def _objects(tokens: Float[Tensor, "b s d"]) -> Float[Tensor, "b o d"]:
    """Mean token of each shared object."""
    return tokens[:, : SHARED * PER_CELL].unflatten(1, (SHARED, PER_CELL)).mean(2)


def _same_ground(batch: Views) -> Bool[Tensor, "n n"]:
    """Patches of the same place of the same group's ground: neither is wrong."""
    b, s = batch.patches.shape
    place, group = batch.patches.ravel(), batch.group.repeat(s)
    ground = np.tile(np.arange(s) >= SHARED * PER_CELL, b)
    same = (place[:, None] == place) & (group[:, None] == group) & ground[:, None] & ground
    np.fill_diagonal(same, False)
    return torch.from_numpy(same)


def patch_tokens(
    tower: CLIPVisionModel, pixels: Float[Tensor, "b 3 96 96"]
) -> Float[Tensor, "b p d"]:
    """The last block's tokens without CLS: what a projector reads."""
    return tower(pixels, output_hidden_states=True).hidden_states[-1][:, 1:]
