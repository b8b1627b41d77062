"""The `compare` verb: two methods on the same units, or tiers on two backends."""

from __future__ import annotations

import argparse
import json
import sys
from functools import partial
from pathlib import Path
from typing import Any, Protocol

from rich.console import Console

from benchmark.reports.compare import Across, Comparison, across_table, compare, compare_across
from benchmark.reports.compare.footers import footer
from benchmark.reports.compare.tables import by_place, comparison_table, shown_rows
from benchmark.reports.consoles import fits, head, note, wide
from benchmark.results import write_whole

TIERS = "a > b: apart by more than the minimum reliable difference; a, b: not told apart"


def compare_verb(arguments: argparse.Namespace) -> int:
    """Prints the comparison. Raises ValueError where there is nothing to compare."""
    to_file(arguments.json)
    if arguments.across and arguments.all:
        raise ValueError("--all goes with two methods; tiers on two backends are of main metrics")
    folder = Path(arguments.output_path) / "cells"
    if not folder.is_dir():
        raise ValueError(
            f"no results in {arguments.output_path}: name the folder of a run (--output-path), or "
            "run the methods first"
        )
    names = (method_name(arguments.first), method_name(arguments.second))
    found: Comparison | Across
    if arguments.across:
        found = compare_across(folder, tuple(arguments.across), names)
    else:
        found = compare(folder, *names)
    if arguments.json:
        return as_json(arguments.json, found)
    console = wide(stderr=False)
    if isinstance(found, Across):
        console.print(across_table(found))
        note(console, TIERS)
    else:
        print_comparison(found, console, every=arguments.all)
    for line in found.notes:
        note(console, line)
    return 0


def print_comparison(found: Comparison, console: Console, *, every: bool = False) -> None:
    """A table a place as wide as the console allows, and how to read them."""
    rows = shown_rows(found, every=every)
    for i, (place, here) in enumerate(by_place(rows).items()):
        if i:
            console.print()
        made = partial(comparison_table, found, here)
        choices = [made(), made(gap=1), made(letters=True), made(letters=True, gap=1)]
        table = next((each for each in choices if fits(each, console)), choices[-1])
        named = table in choices[:2]
        a, b = found.a, found.b
        head(console, f"{a} against {b} · {place}" if named else f"A = {a}, B = {b} · {place}")
        console.print(table)
    for line in footer(found, rows):
        note(console, line)


def method_name(given: str) -> str:
    """A method's name as records have it, also where its file was given."""
    return Path(given).stem.replace("_", "-") if given.endswith(".py") else given


class Told(Protocol):
    """What has a form as plain data."""

    def as_json(self) -> dict[str, Any]: ...


def to_file(target: str | None) -> None:
    """Raises ValueError, before anything is computed, where `--json` names a folder."""
    if target and Path(target).is_dir():
        raise ValueError(f"--json {target} is a folder: wanted a file, or - for stdout")


def as_json(target: str, found: Told) -> int:
    """Writes it as data, to stdout for `-`."""
    text = json.dumps(found.as_json(), indent=1) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        write_whole(Path(target), text.encode())
    return 0
