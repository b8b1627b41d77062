"""The card of a trained projector: what it joins, how it came about, and its loss on val."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from benchmark.backends.host_parts import read
from benchmark.contracts import Dataset
from benchmark.provenance import package_commit
from benchmark.recipes.card import CARD_FILE, README_FILE
from benchmark.recipes.host_projector.host import projector_file
from benchmark.recipes.host_projector.training import N_VAL, Training

PACKAGES = ("torch", "transformers", "accelerate", "safetensors")

README = """# {name}

A linear projector from `{vision_tower}` to `{language_model}`, both frozen.
It opens as `llava:` plus this folder.

| | nats a token of the answers, {n_val} pictures of val |
|---|---|
| before | {before:.4f} |
| after {steps:,} steps of {pictures:,} pictures | {after:.4f} |

Trained on {data} (revision {revision}; {licence}), {precision}, seed {seed}, in {minutes} minutes.

Made by `python -m benchmark.recipes.host_projector`{commit}; `card.json` has every option.
"""


def facts(training: Training, data: Dataset, after: float) -> dict[str, Any]:
    """All that the card says, for programs."""
    plan, accelerator = training.plan, training.accelerator
    commit, dirty = package_commit()
    weights = projector_file(training.folder).read_bytes()
    return {
        "name": training.folder.resolve().name,
        "parts": asdict(read(training.folder)),
        "made": {
            "plan": asdict(plan),
            "pictures": plan.steps * plan.pictures_a_step,
            "minutes": round(training.seconds / 60, 1),
            "device": f"{accelerator.device.type}, {torch.get_num_threads()} threads",
            "packages": {name: version(name) for name in PACKAGES},
            "commit": commit,
            "dirty": dirty,
            "start": training.wanted["start"],
        },
        "data": {"name": data.name, "revision": data.revision, "licence": data.licence},
        "weights_sha256": hashlib.sha256(weights).hexdigest(),
        "measured": {
            "val/ce/before": training.before,
            "val/ce/after": after,
            "n": min(N_VAL, len(training.val.ids)),
        },
    }


def write(folder: Path, card: Mapping[str, Any]) -> None:
    """Writes README.md and card.json, that last: a folder that has it is finished."""
    (folder / README_FILE).write_text(readme(card))
    (folder / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n")


def readme(card: Mapping[str, Any]) -> str:
    """The card for people."""
    made, data, measured = card["made"], card["data"], card["measured"]
    plan = made["plan"]
    each = plan["batch_size"] * plan["accumulate"] * plan["processes"]
    commit = f" at commit {made['commit'][:12]}" if made["commit"] else ""
    return README.format(
        name=card["name"],
        vision_tower=card["parts"]["vision_tower"],
        language_model=card["parts"]["language_model"],
        n_val=measured["n"],
        before=measured["val/ce/before"],
        after=measured["val/ce/after"],
        steps=plan["steps"],
        pictures=each,
        data=data["name"],
        revision=data["revision"],
        licence=data["licence"],
        precision="bfloat16" if plan["mixed_precision"] == "bf16" else "single precision",
        seed=plan["seed"],
        minutes=made["minutes"],
        commit=commit,
    )
