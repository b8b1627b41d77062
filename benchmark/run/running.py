"""The `run` verb: runs a request, then shows the table, the figure and where everything went."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from benchmark.command.streams import stdout_to_stderr
from benchmark.reports.progress import Tally
from benchmark.results import Cell, Document, Run, document, to_json, write_document
from benchmark.run.request import Request, request

SHOWN_AFTER_S = 2.0


def run_verb(arguments: argparse.Namespace) -> int:
    """Runs and reports. 0 where every cell is scored or not applicable, 2 where one failed."""
    if arguments.json and Path(arguments.json).is_dir():
        raise ValueError(f"--json {arguments.json} is a folder: wanted a file, or - for stdout")
    with stdout_to_stderr(arguments.json == "-"):
        asked = request(arguments)
        whole, summary = scored(asked, arguments)
    path = asked.output / "document.json"
    write_document(path, whole)
    if arguments.json == "-":
        print(to_json(whole), end="")
    elif arguments.json:
        write_document(Path(arguments.json), whole)
    if not arguments.quiet:
        show(whole, asked, path)
        print(summary, file=sys.stderr)
    return verdict(whole.cells)


def scored(asked: Request, arguments: argparse.Namespace) -> tuple[Document, str]:
    """Every cell of the request, told as it is done, and all of them in a line."""
    quiet_libraries()
    from benchmark.run.runner import Runner
    from benchmark.run.shelf import Shelf
    from benchmark.run.workers import Workers

    shelf, started, tell, tally = Shelf(asked), now(), say(arguments.quiet), Tally()
    shown: dict[str, Any] = {"progress": bar(arguments.quiet), "say": tell}
    runner: Runner | Workers = Runner(asked, shelf, **shown)
    if getattr(arguments, "workers", 1) > 1:  # a sweep has none
        runner = Workers(arguments, asked, shelf, arguments.workers, **shown)
    cells = []
    for cell in runner.run():
        cells.append(cell)
        tell(tally.line(cell, kept=cell.key in runner.from_before))
    environment = shelf.environment
    run = Run(arguments=told(arguments), environment=environment, started=started, finished=now())
    return document(run, cells), tally.summary()


def show(whole: Document, asked: Request, path: Path) -> None:
    """Table, figures and places, on stderr so that `--json -` stays pure."""
    from benchmark.reports.blocks import blocks
    from benchmark.reports.figures import figure
    from benchmark.reports.tables import print_tables

    pictures = {
        "figure": figure(whole, asked.output / "figure.png"),
        "blocks": blocks(whole, asked.output / "blocks.png"),
    }
    print_tables(whole)
    places = {"cells": asked.output / "cells", "document": path, **pictures}
    for name, place in places.items():
        if place is not None:
            print(f"{name:>9}: {place}", file=sys.stderr)


def verdict(cells: Sequence[Cell]) -> int:
    """Says what went wrong, each in a line, and the exit code it makes."""
    bad = [cell for cell in cells if cell.status in ("failed", "oom")]
    for reason in dict.fromkeys(f"{cell.method.name}: {cell.reason}" for cell in bad):
        print(f"error: {reason}", file=sys.stderr)
    return 2 if bad else 0


def told(arguments: argparse.Namespace) -> dict[str, Any]:
    """The command as data; where things are written is not what was asked."""
    hidden = {"verb", "output_path", "json", "quiet", "traceback", "overwrite_strategy", "workers"}
    return {name: value for name, value in vars(arguments).items() if name not in hidden}


def now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def say(quiet: bool) -> Any:
    """Prints a line to stderr, or nothing."""
    return (lambda _: None) if quiet else (lambda line: print(line, file=sys.stderr))


def bar(quiet: bool) -> Any:
    """Progress on anything over two seconds."""

    def progress(steps: Iterable[Any], name: str) -> Iterable[Any]:
        from tqdm import tqdm

        return tqdm(steps, desc=name, disable=quiet or None, delay=SHOWN_AFTER_S, leave=False)

    return progress


def quiet_libraries() -> None:
    """Warnings of libraries that a user of this command can do nothing about."""
    import logging
    import warnings

    logging.getLogger("root").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"(open_clip|timm|huggingface_hub)\..*")
