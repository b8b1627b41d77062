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
from benchmark.backends.host_parts import PROJECTOR_FILE
from benchmark.recipes.card import Describes
from benchmark.recipes.recipe import Recipe, parser, run, told
from benchmark.recipes.trainer import Plan, Training
from benchmark.recipes.vlm import assembly, folders
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
    weights=PROJECTOR_FILE,
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
        model, _ = assembly.opened(folder, trained=False)
        objective = Objective(plan, model, False, device)
        training = Training(plan, objective.modules, objective, folder, objective.start)
        training.run(lambda: folders.save_projector(objective.finished(), folder))
        return training

    return train


def full(start: Path) -> Callable[[Plan, torch.device, Path], Training]:
    """Training of everything, from a joined host on; without steps all weights are drawn anew."""

    def train(plan: Plan, device: torch.device, folder: Path) -> Training:
        model, processor = assembly.opened(start)
        if not plan.steps:
            model = hosts.blank(model, plan.seed)
        objective = Objective(plan, model, True, device)
        training = Training(plan, objective.modules, objective, folder, objective.start)
        training.run(lambda: folders.save_whole(objective.finished(), processor, folder))
        return training

    return train


PARTS = {
    "tower": ("projector", ASSETS / "pocket-clip"),
    "language_model": ("projector", ASSETS / "pocket-lm"),
    "start": ("full", ASSETS / "pocket-llava-frozen"),
}
"""What each stage goes on from, and where it is shipped."""


def main(arguments: list[str] | None = None) -> int:
    """Command line."""
    made = parser("pocket_llava", __doc__)
    made.add_argument("--stage", choices=("projector", "full"), required=True)
    for name, (stage, shipped) in PARTS.items():
        option = "--" + name.replace("_", "-")
        made.add_argument(option, type=Path, default=shipped, help=f"of --stage {stage}")
    chosen = made.parse_args(arguments)
    given = _given(chosen)
    if chosen.stage == "projector":
        train = projector(chosen.tower, chosen.language_model)
        return told(lambda: run(Recipe(FROZEN, ProjectorPlan(), train, measure, given), chosen))
    return told(lambda: run(Recipe(WHOLE, FullPlan(), full(chosen.start), measure, given), chosen))


def _given(chosen: argparse.Namespace) -> str:
    """The options that name other parts than the shipped ones."""
    return "".join(
        f" --{name.replace('_', '-')} {_spelled(getattr(chosen, name))}"
        for name, (stage, shipped) in PARTS.items()
        if stage == chosen.stage and getattr(chosen, name) != shipped
    )


def _spelled(path: Path) -> Path:
    """A path as one types it in a clone of the project, where it is inside one."""
    root, whole = ASSETS.parents[1], path.resolve()
    return whole.relative_to(root) if whole.is_relative_to(root) else path


if __name__ == "__main__":
    sys.exit(main())
