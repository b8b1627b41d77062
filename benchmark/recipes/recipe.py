"""The command line of a recipe: train, resume, measure, write the card."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmark.recipes import card
from benchmark.recipes.card import CARD_FILE, Describes
from benchmark.recipes.trainer import Plan, Training

PACKAGES = ("torch", "open_clip_torch", "transformers")


@dataclass(frozen=True)
class Recipe:
    """How one pocket model is made and judged."""

    says: Describes
    plan: Plan
    train: Callable[[Any, torch.device, Path], Training]
    """Trains into a folder, from its checkpoint if there is one."""
    measure: Callable[[Path, torch.device, int], Mapping[str, Any]]
    """What the card says about quality, from a finished folder alone and a seed of scenes."""


def options(parser: argparse.ArgumentParser, steps: int | None = None) -> argparse.ArgumentParser:
    """The options that every recipe has."""
    add = parser.add_argument
    add("--output-path", type=Path, required=True, help="folder to write, or to measure")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--seed", type=int, default=0, help="of weights and scenes; of scenes with --measure")
    add("--steps", type=int, default=steps, help="instead of the shipped model's")
    add("--untrained", action="store_true", help="only write the initial weights of this seed")
    add("--measure", action="store_true", help="only measure a finished folder again")
    return parser


def told(work: Callable[[], int]) -> int:
    """The exit code of some work; a wrong wish is one line and exit code 2."""
    try:
        return work()
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


def run(recipe: Recipe, chosen: argparse.Namespace) -> int:
    """Trains or measures; returns the exit code: 1 where a bar is missed."""
    folder, device = chosen.output_path, _device(chosen.device)
    if chosen.measure:
        return card.show(recipe.says, recipe.measure(folder, device, chosen.seed))
    steps = recipe.plan.steps if chosen.steps is None else chosen.steps
    plan = replace(recipe.plan, steps=0 if chosen.untrained else steps, seed=chosen.seed)
    if (folder / CARD_FILE).exists():
        raise ValueError(f"{folder} is finished: wanted a new --output-path, or --measure")
    training = recipe.train(plan, device, folder)
    print("measuring the card …", flush=True)
    measured = recipe.measure(folder, device, 0)
    card.write(folder, recipe.says, measured, _made(plan, device, training.seconds / 60))
    training.path.unlink(missing_ok=True)
    missed = card.show(recipe.says, measured)
    return 0 if chosen.untrained else missed


def _made(plan: Plan, device: torch.device, minutes: float) -> dict[str, object]:
    """How the model came about, for its card."""
    return {
        "plan": asdict(plan),
        "scenes": plan.steps * plan.batch_size,
        "minutes": round(minutes, 1),
        "device": f"{device.type}, {torch.get_num_threads()} threads",
        "packages": {name: version(name) for name in PACKAGES},
    }


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device was found: use --device cpu or auto")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(best if name == "auto" else name)
