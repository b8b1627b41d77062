"""The `reproduce` verb: runs an experiment of a paper and prints ours beside what was published."""

from __future__ import annotations

import argparse
import json
import shlex
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmark.reproduce.catalogue import EXPERIMENTS, experiment
from benchmark.reproduce.claims import Row
from benchmark.reproduce.experiment import Asked, Experiment, Size
from benchmark.reproduce.found import Found
from benchmark.results import write_whole


def reproduce_verb(arguments: argparse.Namespace) -> int:
    """Runs what is named, or lists what there is. 2 where a cell failed; a claim may well fail."""
    if not arguments.experiment:
        print_list()
        return 0
    chosen = [experiment(name) for name in dict.fromkeys(arguments.experiment)]
    codes = [reproduced(each, arguments) for each in chosen]
    return max(codes)


def print_list() -> None:
    """Names, and what each asks."""
    width = max(map(len, EXPERIMENTS))
    for each in EXPERIMENTS.values():
        print(f"{each.name:{width}}  {each.asks}")


def reproduced(what: Experiment, arguments: argparse.Namespace) -> int:
    """Runs one experiment, prints its table and writes it as JSON; the worst code of its runs."""
    from benchmark.run.running import say

    size: Size = what.quick if arguments.quick else what.full
    seeds = tuple(arguments.seed or size.seeds)
    folder = Path(arguments.output_path) / what.name / ("quick" if arguments.quick else "full")
    folders = {asked.label: folder / f"run-{i}" for i, asked in enumerate(size.runs)}
    tell = say(arguments.quiet)
    tell(f"{what.name}: {what.asks}\n  {size.says}; {len(size.runs)} runs")
    commands = [command(asked, seeds, folders[asked.label]) for asked in size.runs]
    codes = []
    for line in commands:
        tell(f"$ python -m benchmark {line}")
        codes.append(run(line, arguments))
    cells = {label: folder / "cells" for label, folder in folders.items()}
    rows = list(table(size, Found(cells)))
    print(as_text(what, size, seeds, rows))
    path = folder / "reproduced.json"
    data = as_data(what, size, seeds, commands, rows)
    write_whole(path, (json.dumps(data, indent=1, ensure_ascii=False) + "\n").encode())
    tell(f"table: {path}")
    return max(codes)


def command(asked: Asked, seeds: Sequence[int], folder: Path) -> str:
    """The words of one run after `python -m benchmark`."""
    drawn = " ".join(map(str, seeds))
    return f"run {asked.arguments} --seed {drawn} --output-path {shlex.quote(str(folder))}"


def run(line: str, arguments: argparse.Namespace) -> int:
    """One run, told as any other; its table is not shown."""
    from benchmark.command.arguments import parser
    from benchmark.results import write_document
    from benchmark.run.request import request
    from benchmark.run.running import scored, verdict

    told = [*shlex.split(line), "--device", arguments.device]
    told += ["--quiet"] if arguments.quiet else []
    told += ["--traceback"] if arguments.traceback else []
    parsed = parser().parse_args(told)
    asked = request(parsed)
    whole, _ = scored(asked, parsed)
    write_document(asked.output / "document.json", whole)
    return verdict(whole.cells)


def table(size: Size, found: Found) -> Iterator[Row]:
    """Every claim; one whose numbers are missing says so."""
    for claim in size.claims:
        try:
            yield from claim.rows(found)
        except KeyError as missing:
            says = getattr(claim, "says", type(claim).__name__)
            yield Row(says, f"not there: {missing.args[0]}", "", "not resolved")


def as_text(what: Experiment, size: Size, seeds: Sequence[int], rows: Sequence[Row]) -> str:
    """The table as a person reads it."""
    widths = [max(len(getattr(row, name)) for row in rows) for name in ("says", "ours", "wanted")]
    drawn = ", ".join(map(str, seeds))
    lines = [f"{what.asks}", f"{what.source}; here {size.says}; seeds {drawn}", ""]
    for row in rows:
        cells = zip((row.says, row.ours, row.wanted), widths, strict=True)
        lines.append("  ".join(f"{text:{width}}" for text, width in cells) + f"  {row.verdict}")
    if what.not_here:
        lines += ["", f"Not here: {what.not_here}."]
    return "\n".join(lines)


def as_data(
    what: Experiment, size: Size, seeds: Sequence[int], commands: Sequence[str], rows: Sequence[Row]
) -> dict[str, Any]:
    """The same as plain data."""
    return {
        "experiment": what.name,
        "asks": what.asks,
        "source": what.source,
        "size": size.says,
        "seeds": list(seeds),
        "commands": [f"python -m benchmark {line}" for line in commands],
        "rows": [vars(row) for row in rows],
        "not_here": what.not_here,
    }
