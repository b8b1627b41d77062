"""One run of the command: opens host and data, trains, and writes projector and card."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from benchmark.activations.views import seen
from benchmark.backends.host_parts import read
from benchmark.contracts import Dataset
from benchmark.corpora.naming import open_corpus
from benchmark.recipes.card import CARD_FILE
from benchmark.recipes.host_projector import card, checkpoints
from benchmark.recipes.host_projector import host as hosts
from benchmark.recipes.host_projector.plan import HostPlan
from benchmark.recipes.host_projector.teaching import Teaching
from benchmark.recipes.host_projector.training import Training
from benchmark.worlds.scenes import Scenes


def run(chosen: argparse.Namespace, plan: HostPlan) -> int:
    """Trains from the newest checkpoint on, or from the beginning. Raises ValueError, one line."""
    folder = chosen.output_path or chosen.host
    read(chosen.host)
    free(folder)
    data = data_of(chosen.data)
    accelerator = accelerator_of(plan, chosen.device)
    plan = replace(plan, processes=accelerator.num_processes)
    say = accelerator.print
    if accelerator.is_main_process:
        folder.mkdir(parents=True, exist_ok=True)
    say(f"opening {chosen.host} …")
    training = prepared(accelerator, plan, chosen, data, folder)
    say(f"{len(data.split('train').ids):,} pictures of {data.name}; writing to {folder}")
    after = training.run(say)
    if accelerator.is_main_process:
        if folder.resolve() != chosen.host.resolve():
            hosts.describe(folder, chosen.host)
        hosts.save(training.teaching.projector, hosts.projector_file(folder))
        card.write(folder, card.facts(training, data, after))
        checkpoints.clear(folder)
    accelerator.wait_for_everyone()
    say(f"{hosts.projector_file(folder).name}, {CARD_FILE} and README.md are in {folder}")
    accelerator.end_training()
    return 0


def free(folder: Path) -> None:
    """Raises ValueError, one line, for a folder that has a projector which no run here made."""
    if (folder / CARD_FILE).exists():
        raise ValueError(f"{folder} is finished: wanted a new --output-path")
    if hosts.projector_file(folder).exists() and checkpoints.latest(folder) is None:
        raise ValueError(f"{folder} has a projector already: wanted another --output-path")


def data_of(spec: str) -> Dataset:
    """The data that `--data` names, the pocket world's scenes too."""
    return Scenes() if spec == "scenes" else open_corpus(spec)


def accelerator_of(plan: HostPlan, device: str) -> Any:
    """Accelerate's own view of the processes. Raises ValueError where a device is not there."""
    from accelerate import Accelerator
    from accelerate.utils import GradientAccumulationPlugin

    if device == "cuda" and not torch.cuda.is_available():
        raise ValueError("no CUDA device was found: use --device cpu or auto")
    adding = GradientAccumulationPlugin(num_steps=plan.accumulate, sync_with_dataloader=False)
    return Accelerator(
        cpu=device == "cpu",
        mixed_precision=plan.mixed_precision,
        gradient_accumulation_plugin=adding,
    )


def prepared(
    accelerator: Any, plan: HostPlan, chosen: argparse.Namespace, data: Dataset, folder: Path
) -> Training:
    """The run with all that it stands on."""
    train, val = seen(data.split("train"), plan.limit), data.split("val")
    host = hosts.opened(chosen.host, plan.mixed_precision, accelerator.device)
    projector = hosts.fresh(host, train, plan.seed, plan.batch_size)
    teaching = Teaching(host, projector.to(accelerator.device))
    start = {"start": hosts.start_of(host), "data": data.revision}
    return Training(accelerator, plan, teaching, train, val, folder, start, chosen.workers)
