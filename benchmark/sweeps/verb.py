"""The `sweep` verb: every point of a grid fitted and scored on val, then read and chosen from."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from pathlib import Path

from benchmark.command.streams import stdout_to_stderr
from benchmark.reports.progress import Tally
from benchmark.results import Cell, Run, write_whole
from benchmark.run.running import bar, now, quiet_libraries, say, told, verdict
from benchmark.run.shelf import Shelf
from benchmark.sweeps.asked import SCORED_ON, GridRequest, grid_request
from benchmark.sweeps.drawing import figure
from benchmark.sweeps.reading import Reading, read
from benchmark.sweeps.record import record
from benchmark.sweeps.standings import place_of, standings
from benchmark.sweeps.table import print_reading
from benchmark.sweeps.told import lines


def sweep_verb(arguments: argparse.Namespace) -> int:
    """Runs, chooses and tells. 0 where something was chosen everywhere, 2 where a cell failed."""
    if arguments.json and Path(arguments.json).is_dir():
        raise ValueError(f"--json {arguments.json} is a folder: wanted a file, or - for stdout")
    started = now()
    with stdout_to_stderr(arguments.json == "-"):
        asked = grid_request(arguments)
        shelf = Shelf(asked.request)
        cells = scored(asked, shelf, quiet=arguments.quiet)
    found = standings(cells, asked.points)
    readings = [read(asked, where, its) for where, its in found.items()]
    environment = shelf.environment
    run = Run(arguments=told(arguments), environment=environment, started=started, finished=now())
    text = json.dumps(record(asked, readings, run), indent=1) + "\n"
    path = asked.request.output / "sweep.json"
    for target in {path, *([Path(arguments.json)] if arguments.json not in (None, "-") else [])}:
        write_whole(target, text.encode())
    if arguments.json == "-":
        print(text, end="")
    if not arguments.quiet:
        show(asked, readings, arguments, path)
    return verdict(cells) or (0 if all(reading.chosen for reading in readings) else 2)


def scored(asked: GridRequest, shelf: Shelf, *, quiet: bool) -> list[Cell]:
    """Every cell of every point, told as it is done."""
    quiet_libraries()
    from benchmark.run.fits import Fits
    from benchmark.run.runner import Runner

    tell, counts = say(quiet), Counter[str]()
    tallies = [Tally(counts=counts) for _ in asked.points]
    sizes = {
        "point": len(asked.points),
        "seed": len(asked.request.seeds),
        "task": len(asked.request.tasks),
    }
    said = " × ".join(f"{n} {name}{'s' * (n > 1)}" for name, n in sizes.items())
    tell(f"{asked.method.name}: {said}, scored on {SCORED_ON}")
    fits = Fits(shelf)
    runner = Runner(asked.request, shelf, progress=bar(quiet), say=tell, fits=fits)
    cells = []
    for cell in runner.run():
        cells.append(cell)
        i = place_of(cell, asked.points)
        line = tallies[i].line(cell, kept=cell.key in runner.from_before)
        tell(f"{i + 1}/{len(asked.points)} {asked.points[i].label} · {line}")
        if len(cells) % (sizes["seed"] * sizes["task"]) == 0:
            fits.clear()  # of a point that is done: a grid may hold more than memory does
    tell(tallies[0].summary())
    return cells


def show(
    asked: GridRequest, readings: list[Reading], arguments: argparse.Namespace, path: Path
) -> None:
    """Tables, figure and places on stderr; what was chosen on stdout, unless JSON is there."""
    for reading in readings:
        print_reading(asked, reading)
    picture = figure(asked, readings, asked.request.output / "sweep.png")
    places = {"cells": asked.request.output / "cells", "sweep": path, "figure": picture}
    for name, place in places.items():
        if place is not None:
            print(f"{name:>9}: {place}", file=sys.stderr)
    target = sys.stderr if arguments.json == "-" else sys.stdout
    for reading in readings:
        for line in lines(asked, reading, arguments, alone=len(readings) == 1):
            print(line, file=target)
