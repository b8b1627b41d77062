"""The command line of a recipe: train, resume, measure, write the card."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, NoReturn

import torch
from safetensors import SafetensorError

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
    options: str = ""
    """Options of its own that were given, as one types them: the card repeats them."""


class Parser(argparse.ArgumentParser):
    """A parser whose complaint is one line."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"error: {message} (see --help)\n")


def parser(name: str, says: str | None) -> argparse.ArgumentParser:
    """A parser with the options that every recipe has."""
    made = Parser(prog=f"python -m benchmark.recipes.{name}", description=says)
    add = made.add_argument
    add("--output-path", type=Path, required=True, help="folder to write, or to measure")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--seed", type=int, default=0, help="of weights and scenes; of scenes with --measure")
    add("--steps", type=int, help="instead of the shipped model's")
    add("--untrained", action="store_true", help="only write the initial weights of this seed")
    add("--measure", action="store_true", help="only measure a finished folder again")
    return made


def told(work: Callable[[], int]) -> int:
    """The exit code of some work; a wrong wish is one line and exit code 2."""
    try:
        return work()
    except (ValueError, OSError, SafetensorError) as error:
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2


def run(recipe: Recipe, chosen: argparse.Namespace) -> int:
    """Trains or measures; returns the exit code: 1 where a bar is missed."""
    folder, device = chosen.output_path, _device(chosen.device)
    if chosen.measure:
        return card.show(recipe.says, recipe.measure(folder, device, chosen.seed))
    plan = _plan(recipe, chosen)
    if (folder / CARD_FILE).exists():
        raise ValueError(f"{folder} is finished: wanted a new --output-path, or --measure")
    training = recipe.train(plan, device, folder)
    print("measuring the card …", flush=True)
    measured = recipe.measure(folder, device, 0)
    card.write(folder, recipe.says, measured, _made(recipe, plan, device, training))
    training.path.unlink(missing_ok=True)
    missed = card.show(recipe.says, measured)
    return missed if plan.steps else 0


def _plan(recipe: Recipe, chosen: argparse.Namespace) -> Plan:
    """The recipe's own plan with the seed and the steps that were asked for."""
    steps = recipe.plan.steps if chosen.steps is None else chosen.steps
    if steps < 0:
        raise ValueError(f"--steps is {steps}, wanted 0 (initial weights) or more")
    return replace(recipe.plan, steps=0 if chosen.untrained else steps, seed=chosen.seed)


def _made(
    recipe: Recipe, plan: Plan, device: torch.device, training: Training
) -> dict[str, object]:
    """How the model came about, for its card."""
    other = f" --steps {plan.steps}" if plan.steps else " --untrained"
    return {
        "plan": asdict(plan),
        "options": recipe.options + ("" if plan.steps == recipe.plan.steps else other),
        "scenes": plan.steps * plan.batch_size,
        "minutes": round(training.seconds / 60, 1),
        "device": f"{device.type}, {torch.get_num_threads()} threads",
        "packages": {name: version(name) for name in PACKAGES},
    } | ({"start": training.start} if training.start else {})


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device was found: use --device cpu or auto")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(best if name == "auto" else name)
