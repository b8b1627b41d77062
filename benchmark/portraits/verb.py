"""The `report` verb: one page of one run, with the latents of its dictionaries as pictures."""

from __future__ import annotations

import argparse
import sys
import webbrowser
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.messages.visible import visible
from benchmark.portraits.gathering import FOLDER, portraits
from benchmark.portraits.said import read_said, said_of
from benchmark.reports.html.page import Latents, page
from benchmark.reports.html.run_folder import read_run
from benchmark.results import write_whole

NAME = "report.html"


def report_verb(arguments: argparse.Namespace) -> int:
    """Writes the page and says where. Raises ValueError where there is no run to report."""
    run = read_run(Path(arguments.run))
    target = destination(run.path, arguments.output_path)
    said = read_said(arguments.descriptions, [cell.method.name for cell in run.cells])
    tell = say(arguments.quiet)
    for note in run.notes:
        tell(f"note: {note}")
    found = portraits(
        run.path,
        run.cells,
        run.specs,
        wanted=arguments.latents,
        device=arguments.device,
        progress=bar(arguments.quiet),
        say=tell,
    )
    for each in found.absent:
        tell(f"no portraits of {each.what}: {each.reason}")
    shown = Latents(
        found.galleries,
        tuple((each.what, each.reason) for each in found.absent),
        asked=arguments.latents != 0,
        said=said_of(said, found.galleries),
    )
    text = page(run, shown, run.path / FOLDER)
    write_whole(target, text.encode("utf-8", errors="replace"))
    print(target)
    if arguments.open:
        webbrowser.open(target.resolve().as_uri())
    return 0


def destination(run: Path, given: str | None) -> Path:
    """The file to write; without an ending browsers would show its source. Raises ValueError for
    what cannot be one."""
    if given is None:
        return run / NAME
    target = Path(given)
    if not given or target.is_dir():
        raise ValueError(f"--output-path {given or repr(given)}: wanted a file, as in {NAME}")
    return target if target.suffix else target.with_name(f"{target.name}.html")


def say(quiet: bool) -> Any:
    """Prints a line to stderr as it is meant to be read, or nothing."""
    return (lambda _: None) if quiet else (lambda line: print(visible(line), file=sys.stderr))


def bar(quiet: bool) -> Any:
    """Progress on anything over two seconds."""

    def progress(steps: Iterable[Any], name: str) -> Iterable[Any]:
        from tqdm import tqdm

        return tqdm(steps, desc=name, disable=quiet or None, delay=2.0, leave=False)

    return progress
