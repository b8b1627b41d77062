"""What a user asked to run, checked before anything is computed."""

from __future__ import annotations

import argparse
import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from benchmark.activations.root import default_root
from benchmark.backends import expand
from benchmark.configure import build, in_variant, parse_sets, settings
from benchmark.contracts import Split
from benchmark.interchange.rows import checkpoint_rows
from benchmark.kernels.device import device
from benchmark.registry import Choice, catalogue, find
from benchmark.run.declared import check_declared
from benchmark.run.folders import writable

LEAST_IMAGES = 2
"""Images of a split: of one there is no variance to explain and nothing to rank."""


@dataclass(frozen=True)
class Request:
    """The command as data: every name resolved, every field checked."""

    methods: tuple[Choice, ...]
    given: tuple[dict[str, Any], ...]
    """Fields set on the command line, one mapping a method."""
    tasks: tuple[Choice, ...]
    backends: tuple[str, ...]
    data: str | None
    sites: tuple[str, ...]
    """Names or shell patterns; none for each backend's first."""
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
    asked = worded(arguments)
    return replace(asked, device=device(arguments.device), output=places(arguments))


def worded(arguments: argparse.Namespace) -> Request:
    """The same as it is worded: device and folder are not looked at yet, or touched."""
    logging.getLogger("benchmark").setLevel("ERROR" if arguments.quiet else "WARNING")
    variants = ("fair", "paper") if arguments.variant == "both" else (arguments.variant,)
    methods, sets = rows(arguments)
    tasks = choose("task", arguments.task or ["all"])
    given = settings(methods, sets)
    for variant in variants:
        check_built(methods, given, tasks, variant)
    specs = expand(arguments.backend or ["pocket-clip"])
    check_limit(arguments.limit)
    return Request(
        methods=tuple(methods),
        given=tuple(given),
        tasks=tuple(tasks),
        backends=tuple(specs),
        data=arguments.data,
        sites=tuple(arguments.site or ()),
        seeds=tuple(dict.fromkeys(arguments.seed)),
        split=arguments.split,
        variants=variants,
        centre=arguments.centre,
        limit=arguments.limit,
        batch_size=arguments.batch_size,
        device=arguments.device,
        output=Path(arguments.output_path),
        overwrite=arguments.overwrite_strategy,
        traceback=arguments.traceback,
    )


def rows(arguments: argparse.Namespace) -> tuple[list[Choice], dict[str, str]]:
    """The methods and checkpoints of a run, and what is set of their fields.

    Raises ValueError, one line, where there is neither.
    """
    methods, sets = choose("method", arguments.method or []), parse_sets(arguments.set)
    if getattr(arguments, "checkpoint", None):  # a sweep has none
        taken = [choice.name for choice in methods]
        more, said = checkpoint_rows(arguments.checkpoint, arguments.format, taken)
        return [*methods, *more], {**said, **sets}
    if not methods:
        raise ValueError(
            "there is nothing to run: wanted --method NAME or --checkpoint PATH "
            "(see python -m benchmark run --help)"
        )
    return methods, sets


def check_built(
    methods: list[Choice], given: list[dict[str, Any]], tasks: list[Choice], variant: str
) -> None:
    """Raises ValueError where a method or task cannot be built as it is asked for."""
    for choice, fields in zip(methods, given, strict=True):
        build(choice, in_variant(choice, fields, variant))
    for task in tasks:
        build(task, {"variant": variant})


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
        check_declared(choice)
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


def check_limit(limit: int | None) -> None:
    """Raises ValueError where `--limit` leaves too few images for any score."""
    if limit is not None and limit < LEAST_IMAGES:
        raise ValueError(
            f"--limit {limit}: wanted at least {LEAST_IMAGES} images of each split: one alone has "
            f"no variance to explain and nothing to be ranked against"
        )


def places(arguments: argparse.Namespace) -> Path:
    """The results folder, once all that a run writes to can be written.

    Raises ValueError, one line, naming the folder and what to set.
    """
    if arguments.json not in (None, "-"):
        writable(Path(arguments.json).parent, "choose another --json")
    return results_folder(arguments.output_path)


def results_folder(output_path: str) -> Path:
    """A folder that can be written, beside a cache that can. Raises ValueError, one line."""
    if not output_path:
        raise ValueError("--output-path is empty: wanted a folder, as in --output-path results")
    writable(default_root(), "set BENCHMARK_CACHE to a folder with room for activations and fits")
    return writable(Path(output_path), "choose another --output-path")
