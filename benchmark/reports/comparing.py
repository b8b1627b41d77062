"""The `compare` verb: two methods on the same units, or tiers on two backends."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from benchmark.reports.compare import (
    Across,
    Comparison,
    across_table,
    compare,
    compare_across,
    comparison_tables,
)
from benchmark.reports.tables import wide
from benchmark.results import write_whole


def compare_verb(arguments: argparse.Namespace) -> int:
    """Prints the comparison. Raises ValueError where there is nothing to compare."""
    folder = Path(arguments.output_path) / "cells"
    if not folder.is_dir():
        raise ValueError(f"no results in {arguments.output_path}: run the methods there first")
    names = (method_name(arguments.first), method_name(arguments.second))
    found: Comparison | Across
    if arguments.across:
        found = compare_across(folder, tuple(arguments.across), names)
    else:
        found = compare(folder, *names)
    if arguments.json:
        return as_json(arguments.json, found)
    console = wide(stderr=False)
    for table in [across_table(found)] if isinstance(found, Across) else comparison_tables(found):
        console.print(table)
    for note in found.notes:
        console.print(note, style="dim")
    return 0


def method_name(given: str) -> str:
    """A method's name as records have it, also where its file was given."""
    return Path(given).stem.replace("_", "-") if given.endswith(".py") else given


def as_json(target: str, found: Comparison | Across) -> int:
    """Writes the comparison as data, to stdout for `-`."""
    text = json.dumps(found.as_json(), indent=1) + "\n"
    if target == "-":
        sys.stdout.write(text)
    else:
        write_whole(Path(target), text.encode())
    return 0
