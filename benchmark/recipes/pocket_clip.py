"""Makes pocket-clip: `python -m benchmark.recipes.pocket_clip --output-path DIR`; about 50 minutes.

The folder opens as `local-dir:DIR` in open_clip. A killed run continues with the same command;
`--measure` measures the card of a finished folder again.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from benchmark.recipes.card import Describes
from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.batches import TrainingPlan
from benchmark.recipes.contrastive.objective import Objective
from benchmark.recipes.contrastive.quality import measure
from benchmark.recipes.recipe import Recipe, parser, run, told
from benchmark.recipes.trainer import CHECKPOINT_FILE, Training

SAYS = Describes(
    command="pocket_clip",
    about="A small open_clip model of the pocket world.",
    opens=(
        "It opens as `local-dir:` plus this folder, in `open_clip.create_model_and_transforms`\n"
        "and `open_clip.get_tokenizer`. Tokens are words; a word that the pocket world never says\n"
        "is `<unk>`."
    ),
    legend=(
        "`r@k`: 1,000 scenes with an object, one full caption each, every true caption relevant.\n"
        "`hard_negative`: the full caption scores above its twin with two colours or positions\n"
        "swapped. `naming`: scenes with one object, prompt ensembles over its unambiguous names;\n"
        "`held_out_pairs` are the scenes whose (object, colour) pair training never showed.\n"
        "`probe`: logistic regression from the last block's four patch tokens of an object\n"
        "(concatenated; or their mean, or the first alone); `untrained`: of the same tower at\n"
        "drawn weights."
    ),
    bars={
        "r@1/i2t": 0.80,
        "r@1/t2i": 0.80,
        "r@5/i2t": 0.98,
        "r@5/t2i": 0.98,
        "naming/zero_shot": 0.95,
        "probe/object": 0.95,
    },
    weights=clip_folder.WEIGHTS_FILE,
)


def train(plan: TrainingPlan, device: torch.device, folder: Path) -> Training:
    """Runs the plan to its end, from the last checkpoint if there is one."""
    if not (folder / CHECKPOINT_FILE).exists():
        clip_folder.save(clip_folder.fresh_model(plan.seed), folder)
    objective = Objective(plan, device, folder)
    training = Training(plan, objective.modules, objective, folder)
    training.run(lambda: clip_folder.save(objective.model, folder))
    return training


RECIPE = Recipe(SAYS, TrainingPlan(), train, measure)


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    chosen = parser("pocket_clip", __doc__).parse_args(arguments)
    return told(lambda: run(RECIPE, chosen))


if __name__ == "__main__":
    sys.exit(main())
