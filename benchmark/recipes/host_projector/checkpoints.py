"""Where a run stands, on disk: tensors in safetensors, the rest in JSON, whole or not at all."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from benchmark.messages.raised import one_line

NAMED = re.compile(r"checkpoint-([0-9]{8})")
TENSORS, FACTS = "state.safetensors", "state.json"
MODULE, ADAM = "projector.", "adam."
GO_ON = "use the same options and parts, or another --output-path"


def latest(folder: Path) -> Path | None:
    """The newest checkpoint in a folder, if there is one; one that is not whole has no name yet."""
    found = [path for path in folder.glob("checkpoint-*") if NAMED.fullmatch(path.name)]
    return max(found, default=None)


def save(
    folder: Path, facts: Mapping[str, Any], module: nn.Module, adam: torch.optim.Optimizer
) -> None:
    """Writes a checkpoint under its step; earlier ones go when it is whole."""
    before = list(folder.glob("checkpoint-*"))
    made = folder / f"checkpoint-{facts['step']:08d}"
    partial = made.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    tensors = {MODULE + name: value for name, value in module.state_dict().items()}
    for i, own in adam.state_dict()["state"].items():
        tensors |= {f"{ADAM}{i}.{name}": value for name, value in own.items()}
    whole = {name: value.detach().cpu().contiguous() for name, value in tensors.items()}
    save_file(whole, partial / TENSORS)
    (partial / FACTS).write_text(json.dumps(facts, indent=2) + "\n")
    shutil.rmtree(made, ignore_errors=True)
    os.replace(partial, made)
    for path in before:
        if path != made:
            shutil.rmtree(path, ignore_errors=True)


def facts_of(path: Path, wanted: Mapping[str, Any]) -> dict[str, Any]:
    """What a checkpoint says of its run.

    Raises ValueError, one line, where it was made under other conditions than those wanted.
    """
    try:
        found: dict[str, Any] = json.loads((path / FACTS).read_text())
        differ = [name for name, value in wanted.items() if found[name] != value]
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"{path} cannot be read ({one_line(error)}): remove it") from error
    for name in differ:
        was, now = found[name], wanted[name]
        if isinstance(was, dict):
            other = [key for key in now if was.get(key) != now[key]]
            was, now = ({key: each.get(key) for key in other} for each in (was, now))
        raise ValueError(f"{path} was made with {name} {was}, now it is {now}: {GO_ON}")
    return found


def restore(path: Path, module: nn.Module, adam: torch.optim.Optimizer) -> None:
    """Puts a checkpoint's tensors in place. Raises ValueError, one line, where they do not fit."""
    try:
        found = load_file(path / TENSORS)
        parts = {name.removeprefix(MODULE): v for name, v in found.items() if name[0] == "p"}
        module.load_state_dict(parts)
        adam.load_state_dict(_moments(found, adam))
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        raise ValueError(f"{path} does not fit ({one_line(error)}): {GO_ON}") from error


def _moments(found: Mapping[str, Tensor], adam: torch.optim.Optimizer) -> dict[str, Any]:
    """What an optimiser remembers, parameter by parameter, from flat names."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, value in found.items():
        if name.startswith(ADAM):
            number, what = name.removeprefix(ADAM).split(".")
            state.setdefault(int(number), {})[what] = value
    return {"state": state, "param_groups": adam.state_dict()["param_groups"]}


def clear(folder: Path) -> None:
    """Removes all checkpoints of a finished run."""
    for path in folder.glob("checkpoint-*"):
        shutil.rmtree(path, ignore_errors=True)
