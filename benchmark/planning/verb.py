"""The `plan` verb: what a run would take, told before anything is fetched, opened or fitted."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from benchmark.command.streams import stdout_to_stderr
from benchmark.planning.asked import planned
from benchmark.planning.plan import plans
from benchmark.planning.printing import show
from benchmark.planning.record import record
from benchmark.results import write_whole


def plan_verb(arguments: argparse.Namespace) -> int:
    """Prints the plan on stdout, or JSON with --json -. Raises ValueError as `run` does."""
    if arguments.json and Path(arguments.json).is_dir():
        raise ValueError(f"--json {arguments.json} is a folder: wanted a file, or - for stdout")
    with stdout_to_stderr(True):
        request, rate = planned(arguments)
        made = list(plans(request, rate))
    text = json.dumps(record(made, rate), indent=1) + "\n" if arguments.json else ""
    if arguments.json == "-":
        print(text, end="")
        return 0
    if arguments.json:
        write_whole(Path(arguments.json), text.encode())
    if not arguments.quiet:
        show(made, rate, explain=arguments.explain)
    return 0
