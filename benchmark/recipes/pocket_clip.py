"""Makes pocket-clip: `python -m benchmark.recipes.pocket_clip --output-path DIR`; about 40 minutes.

The folder opens as `local-dir:DIR` in open_clip. A killed run continues with the same command;
`--measure` measures the card of a finished folder again.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import asdict
from pathlib import Path

import open_clip
import torch

from benchmark.recipes.contrastive import card as clip_card
from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.batches import TrainingPlan
from benchmark.recipes.contrastive.objective import Objective
from benchmark.recipes.contrastive.quality import measure
from benchmark.recipes.trainer import CHECKPOINT_FILE, Training


def train(plan: TrainingPlan, device: torch.device, folder: Path) -> Training:
    """Runs the plan to its end, from the last checkpoint if there is one."""
    if not (folder / CHECKPOINT_FILE).exists():
        clip_folder.save(clip_folder.fresh_model(plan.seed), folder)
    objective = Objective(plan, device, folder)
    training = Training(plan, objective.modules, objective, folder)
    training.run(lambda: clip_folder.save(objective.model, folder))
    return training


def _made(plan: TrainingPlan, device: torch.device, minutes: float) -> dict[str, object]:
    """How the model came about, for its card."""
    return {
        "plan": asdict(plan),
        "scenes": plan.steps * plan.batch_size,
        "minutes": round(minutes, 1),
        "device": f"{device.type}, {torch.get_num_threads()} threads",
        "packages": {"torch": torch.__version__, "open_clip": open_clip.__version__},
    }


def run(options: argparse.Namespace) -> int:
    """Trains or measures; returns the exit code: 1 where a bar is missed."""
    folder, device = options.output_path, _device(options.device)
    if options.measure:
        return clip_card.show(measure(folder, device, options.seed))
    plan = TrainingPlan(steps=0 if options.untrained else options.steps, seed=options.seed)
    if (folder / clip_card.CARD_FILE).exists():
        raise ValueError(f"{folder} is finished: wanted a new --output-path, or --measure")
    training = train(plan, device, folder)
    print("measuring the card …", flush=True)
    measured = measure(folder, device)
    clip_card.write(folder, measured, _made(plan, device, training.seconds / 60))
    training.path.unlink(missing_ok=True)
    missed = clip_card.show(measured)
    return 0 if options.untrained else missed


def _device(name: str) -> torch.device:
    if name == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device was found: use --device cpu or auto")
    best = "cuda" if torch.cuda.is_available() else "cpu"
    return torch.device(best if name == "auto" else name)


def main(arguments: list[str] | None = None) -> int:
    """Command line; a wrong wish is one line and exit code 2."""
    parser = argparse.ArgumentParser(prog="pocket_clip", description=__doc__)
    add = parser.add_argument
    add("--output-path", type=Path, required=True, help="folder to write, or to measure")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    add("--seed", type=int, default=0, help="of weights and scenes; of scenes with --measure")
    add("--steps", type=int, default=TrainingPlan.steps)
    add("--untrained", action="store_true", help="only write the initial weights of this seed")
    add("--measure", action="store_true", help="only measure a finished folder again")
    try:
        return run(parser.parse_args(arguments))
    except (ValueError, FileNotFoundError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
