"""Makes the pocket VLMs: `python -m benchmark.recipes.pocket_llava --stage … --output-path DIR`.

`--stage projector` joins a frozen tower and the frozen language model and trains the linear
projector between them; `--stage full` goes on from such a folder and trains everything. Each takes
about half an hour. A killed run continues with the same command; `--measure` measures again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path

import torch

import benchmark
from benchmark.backends import hosts
from benchmark.recipes.card import Describes
from benchmark.recipes.recipe import Recipe, options, run, told
from benchmark.recipes.trainer import Plan, Training
from benchmark.recipes.vlm import folders
from benchmark.recipes.vlm.objective import FullPlan, Objective, ProjectorPlan
from benchmark.recipes.vlm.quality import measure

ASSETS = Path(benchmark.__file__).parent / "assets"
LEGEND = (
    '`list`: "list every object", its answers read as sets; `colour`: of the objects that were\n'
    "named; `yes_no`: one object that is there and one that is not for every scene. Answers are\n"
    "greedy, through the folder's own classes."
)
FROZEN = Describes(
    command="pocket_llava --stage projector",
    about="A frozen tower and a frozen, text-only language model, joined by a linear projector.",
    opens="It opens as `llava:` plus this folder: `parts.json` says where tower and model are.",
    legend=LEGEND,
    bars={"list/recall": 0.70},
    weights=hosts.PROJECTOR_FILE,
)
WHOLE = Describes(
    command="pocket_llava --stage full",
    about="A small `LlavaForConditionalGeneration` of the pocket world, all of it trained.",
    opens="It opens with `AutoModelForImageTextToText` and `AutoProcessor`.",
    legend=LEGEND,
    bars={
        "list/recall": 0.95,
        "list/precision": 0.95,
        "colour": 0.90,
        "ground": 0.98,
        "yes_no": 0.97,
    },
    weights="model.safetensors",
)


def projector(tower: Path, language_model: Path) -> Callable[[Plan, torch.device, Path], Training]:
    """Training of a projector between two frozen parts."""

    def train(plan: Plan, device: torch.device, folder: Path) -> Training:
        folders.describe(folder, tower, language_model)
        model, _ = hosts.opened(folder, trained=False)
        objective = Objective(plan, model, False, device)
        training = Training(plan, objective.modules, objective, folder)
        training.run(lambda: folders.save_projector(objective.finished(), folder))
        return training

    return train


def full(start: Path) -> Callable[[Plan, torch.device, Path], Training]:
    """Training of everything, from a joined host on."""

    def train(plan: Plan, device: torch.device, folder: Path) -> Training:
        model, processor = hosts.opened(start)
        objective = Objective(plan, model, True, device)
        training = Training(plan, objective.modules, objective, folder)
        training.run(lambda: folders.save_whole(objective.finished(), processor, folder))
        return training

    return train


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    parser = options(argparse.ArgumentParser(prog="pocket_llava", description=__doc__))
    add = parser.add_argument
    add("--stage", choices=("projector", "full"), required=True)
    add("--tower", type=Path, default=ASSETS / "pocket-clip", help="of --stage projector")
    add("--language-model", type=Path, default=ASSETS / "pocket-lm", help="of --stage projector")
    add("--start", type=Path, default=ASSETS / "pocket-llava-frozen", help="of --stage full")
    chosen = parser.parse_args(arguments)
    if chosen.stage == "projector":
        train = projector(chosen.tower, chosen.language_model)
        return told(lambda: run(Recipe(FROZEN, ProjectorPlan(), train, measure), chosen))
    return told(lambda: run(Recipe(WHOLE, FullPlan(), full(chosen.start), measure), chosen))


if __name__ == "__main__":
    sys.exit(main())
