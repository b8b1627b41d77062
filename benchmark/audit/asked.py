"""What a user asked to audit, checked before anything is computed."""

from __future__ import annotations

import argparse
import logging
import sys
from dataclasses import dataclass

from benchmark.audit.expectations import Table, check_directions, declared
from benchmark.audit.expected import EXPECTED
from benchmark.audit.levels import grid
from benchmark.audit.shown import WORLD
from benchmark.backends import expand
from benchmark.configure import build
from benchmark.contracts import Task
from benchmark.kernels.device import device
from benchmark.registry import Choice, load
from benchmark.run.request import Request, check_limit, choose, results_folder

QUICK = "synthetic:tiny"
QUICK_LIMIT = 500
"""Images of each split in a smoke check of a model."""
LEVELS, DRAWS = 9, 5
QUICK_DRAWS = 2
FEWEST_LEVELS, FEWEST_DRAWS = 7, 2


@dataclass(frozen=True)
class Audited:
    """A task, what is expected of its metrics, and the file that both come from."""

    choice: Choice
    task: Task
    table: Table

    @property
    def name(self) -> str:
        return self.choice.name


@dataclass(frozen=True)
class Asked:
    """The command as data: every name resolved, every number checked."""

    request: Request
    tasks: tuple[Audited, ...]
    levels: tuple[float, ...]
    draws: int
    quick: bool
    traceback: bool = False


def asked(arguments: argparse.Namespace) -> Asked:
    """What a command line asks for. Raises ValueError in one line for anything wrong."""
    logging.getLogger("benchmark").setLevel("ERROR" if arguments.quiet else "WARNING")
    quick = arguments.quick
    levels, draws = arguments.levels or LEVELS, arguments.draws or (QUICK_DRAWS if quick else DRAWS)
    if levels < FEWEST_LEVELS:
        raise ValueError(
            f"--levels {levels}: wanted {FEWEST_LEVELS} or more, the whole dictionary among them: "
            "a rank correlation over fewer says little"
        )
    if draws < FEWEST_DRAWS:
        raise ValueError(f"--draws {draws}: wanted {FEWEST_DRAWS} or more: one shows no noise")
    tasks = tuple(audited(choice) for choice in choose("task", arguments.task or ["all"]))
    return Asked(request(arguments, tasks), tasks, grid(levels), draws, quick, arguments.traceback)


def request(arguments: argparse.Namespace, tasks: tuple[Audited, ...]) -> Request:
    """The same as the machinery of `run` has it: without a method, which the backend decides."""
    limit = arguments.limit
    if arguments.quick and arguments.backend and limit is None:
        limit = QUICK_LIMIT
    check_limit(limit)
    specs = expand(arguments.backend or [QUICK if arguments.quick else WORLD])
    return Request(
        methods=(),
        given=(),
        tasks=tuple(each.choice for each in tasks),
        backends=tuple(specs),
        data=arguments.data,
        sites=(arguments.site,) if arguments.site else (),
        seeds=(0,),
        split="test",
        variants=("fair",),
        centre=False,
        limit=limit,
        batch_size=1024,
        device=device("auto"),
        output=results_folder(arguments.output_path),
        overwrite="only-missing",
        traceback=arguments.traceback,
    )


def audited(choice: Choice) -> Audited:
    """A task with its expectations: those of its own file, or ours. Raises ValueError in one line.

    The literal is read from the file and no part of the contract: what a metric must do is said of
    dictionaries that an audit makes, and a task need not know of audits.
    """
    task: Task = build(choice, {"variant": "fair"})
    where, own = choice.entry.path.name, vars(sys.modules[load(choice.entry).__module__])
    table = EXPECTED.get(choice.name, {})
    if "AUDIT" in own:
        table = declared(own["AUDIT"], [m.name for m in task.metrics], where)
    check_directions(table, {m.name: m.higher_is_better for m in task.metrics}, where)
    return Audited(choice, task, table)
