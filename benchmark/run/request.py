"""What a user asked to run, checked before anything is computed."""

from __future__ import annotations

import argparse
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.backends import GROUPS, MODULES, expand
from benchmark.configure import build, parse_sets, settings
from benchmark.contracts import Split
from benchmark.registry import Choice, catalogue, find, unknown


@dataclass(frozen=True)
class Request:
    """The command as data: every name resolved, every field checked."""

    methods: tuple[Choice, ...]
    given: tuple[dict[str, Any], ...]
    """Fields set on the command line, one mapping a method."""
    tasks: tuple[Choice, ...]
    backends: tuple[str, ...]
    data: str | None
    site: str | None
    seeds: tuple[int, ...]
    split: Split
    variants: tuple[str, ...]
    centre: bool
    limit: int | None
    batch_size: int
    device: str
    output: Path
    overwrite: str
    traceback: bool = False


def request(arguments: argparse.Namespace) -> Request:
    """The request behind a command line. Raises ValueError in one line for anything wrong."""
    methods = choose("method", arguments.method)
    tasks = choose("task", arguments.task or ["all"])
    given = settings(methods, parse_sets(arguments.set))
    for choice, fields in zip(methods, given, strict=True):
        build(choice, fields)
    specs = expand(arguments.backend or ["pocket"])
    for spec in specs:
        if spec.split(":", 1)[0] not in MODULES:
            raise ValueError(unknown("backend", spec, [*MODULES, *GROUPS]))
    return Request(
        methods=tuple(methods),
        given=tuple(given),
        tasks=tuple(tasks),
        backends=tuple(specs),
        data=arguments.data,
        site=arguments.site,
        seeds=tuple(dict.fromkeys(arguments.seed)),
        split=arguments.split,
        variants=("fair", "paper") if arguments.variant == "both" else (arguments.variant,),
        centre=arguments.centre,
        limit=arguments.limit,
        batch_size=arguments.batch_size,
        device=device(arguments.device),
        output=writable(Path(arguments.output_path)),
        overwrite=arguments.overwrite_strategy,
        traceback=arguments.traceback,
    )


def choose(kind: Any, names: list[str]) -> list[Choice]:
    """The named methods or tasks, each once; `all` is every one that needs no naming."""
    chosen: list[Choice] = []
    for name in names:
        if name == "all":
            chosen += [Choice(e) for e in catalogue(kind).values() if not e.named_only]
        else:
            chosen.append(find(kind, name))
    by_name = {choice.name: choice for choice in chosen}
    for choice in chosen:
        one_meaning(kind, choice, by_name[choice.name])
    return list(by_name.values())


def one_meaning(kind: Any, choice: Choice, other: Choice) -> None:
    """Raises ValueError where a name stands for two files: their cells could not be told apart."""
    ours = catalogue(kind).get(choice.entry.name, choice.entry)
    for taken in (other.entry.path, ours.path):
        if choice.entry.path != taken:
            raise ValueError(
                f"{kind} {choice.entry.name} is both {taken.name} of {taken.parent} and "
                f"{choice.entry.path}: rename the file"
            )


def device(name: str) -> str:
    """The device to use. Raises ValueError where it is not there."""
    import torch

    cuda, mps = torch.cuda.is_available(), torch.backends.mps.is_available()
    if name == "auto":
        return "cuda" if cuda else "cpu"
    try:
        kind = torch.device(name).type
    except RuntimeError:
        raise ValueError(f"--device {name}: wanted auto, cpu, cuda, cuda:N or mps") from None
    if (kind == "cuda" and not cuda) or (kind == "mps" and not mps):
        raise ValueError(f"--device {name}: this machine has no {kind} device; leave it at auto")
    if kind not in ("cpu", "cuda", "mps"):
        raise ValueError(f"--device {name}: wanted auto, cpu, cuda, cuda:N or mps")
    index = torch.device(name).index or 0
    if kind == "cuda" and index >= torch.cuda.device_count():
        raise ValueError(f"--device {name}: there are {torch.cuda.device_count()} cuda devices")
    return name


def writable(folder: Path) -> Path:
    """The folder, made if need be. Raises ValueError where nothing can be written."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, prefix=".writable-")
        os.write(handle, b"\0")
        os.close(handle)
        os.unlink(name)
    except OSError as error:
        raise ValueError(
            f"cannot write to {folder}: {error.strerror}; choose --output-path"
        ) from None
    return folder
