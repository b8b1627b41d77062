"""Makes pocket-ssl: `python -m benchmark.recipes.pocket_ssl --output-path DIR`; about an hour.

A vision tower like pocket-clip's that never meets a word. A killed run continues with the same
command; `--measure` measures the card of a finished folder again.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from transformers import CLIPVisionModel

from benchmark.backends.drawing import drawing
from benchmark.recipes.card import Describes
from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.probing import Tokens, probe, untrained
from benchmark.recipes.recipe import Recipe, parser, run, told
from benchmark.recipes.selfsupervised.objective import Objective, TowerPlan, patch_tokens
from benchmark.recipes.trainer import Training
from benchmark.recipes.vlm import tower as towers
from benchmark.worlds.scene import Scene

BATCH = 250
SAYS = Describes(
    command="pocket_ssl",
    about=(
        "A small vision tower that never met a word: it learned to find the same thing in two\n"
        "pictures, among pictures that differ in their objects alone."
    ),
    opens="It opens with `CLIPVisionModel` and `AutoImageProcessor`; read its patch tokens.",
    legend=(
        "`probe`: logistic regression from the last block's four patch tokens of an object\n"
        "(concatenated; or their mean, or the first alone); `untrained`: of the same tower at\n"
        "drawn weights."
    ),
    bars={"probe/object": 0.80},
    weights="model.safetensors",
)


def save(tower: CLIPVisionModel, folder: Path) -> None:
    """Writes tower and image processor as any hub folder has them, in half precision."""
    half = CLIPVisionModel(tower.config)
    half.load_state_dict(tower.state_dict())
    half.half().save_pretrained(folder)
    towers.image_processor().save_pretrained(folder)


def train(plan: TowerPlan, device: torch.device, folder: Path) -> Training:
    """Runs the plan to its end, from the last checkpoint if there is one."""
    objective = Objective(plan, device)
    training = Training(plan, objective.modules, objective, folder)
    training.run(lambda: save(objective.tower, folder))
    return training


def measure(folder: Path, device: torch.device, seed: int = 0) -> dict[str, Any]:
    """What a linear probe reads from the tower of a folder, and from one of drawn weights."""
    tower = CLIPVisionModel.from_pretrained(folder, dtype=torch.float32)
    with drawing():
        blank = CLIPVisionModel(tower.config)
    return probe(reading(tower, device), seed) | untrained(reading(blank, device), seed)


def reading(tower: CLIPVisionModel, device: torch.device) -> Tokens:
    """The patch tokens that a tower makes of scenes."""
    tower.eval().to(device)

    @torch.no_grad()
    def tokens(scenes: Sequence[Scene]) -> Float[np.ndarray, "n p d"]:
        parts = [scenes[start : start + BATCH] for start in range(0, len(scenes), BATCH)]
        pixels = (normalised([scene.render() for scene in part]) for part in parts)
        return torch.cat([patch_tokens(tower, each.to(device)).cpu() for each in pixels]).numpy()

    return tokens


RECIPE = Recipe(SAYS, TowerPlan(), train, measure)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    chosen = parser("pocket_ssl", __doc__).parse_args(arguments)
    return told(lambda: run(RECIPE, chosen))


if __name__ == "__main__":
    sys.exit(main())
