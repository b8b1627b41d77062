"""Trains the projector of a host: `python -m benchmark.recipes.host_projector HOST --data SPEC`.

HOST is a folder whose `parts.json` names a language model and a vision tower, both frozen; the
linear projector between them learns to make the language model give the answers of SPEC. With
`accelerate launch -m benchmark.recipes.host_projector …`, or torchrun, several processes share the
pictures. A killed run continues with the same command.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import fields
from pathlib import Path

from benchmark.backends.extras import need
from benchmark.recipes.host_projector.plan import PRECISIONS, HostPlan
from benchmark.recipes.recipe import Parser, told


def parser() -> argparse.ArgumentParser:
    """The options, with the plan's own values where none is given."""
    made = Parser(prog="python -m benchmark.recipes.host_projector", description=__doc__)
    add, own = made.add_argument, HostPlan()
    add("host", type=Path, metavar="HOST", help="folder with parts.json")
    add("--data", required=True, metavar="SPEC", help="see `python -m benchmark ls data`")
    add("--output-path", type=Path, help="folder to write (default: HOST)")
    add("--steps", type=int, default=own.steps, help=f"default {own.steps}")
    add(
        "--batch-size",
        type=int,
        default=own.batch_size,
        help=f"pictures a process reads at once (default {own.batch_size})",
    )
    add(
        "--accumulate",
        type=int,
        default=own.accumulate,
        help=f"batches of a process in one step (default {own.accumulate})",
    )
    add("--lr", type=float, default=own.lr, help=f"the highest (default {own.lr})")
    add("--mixed-precision", choices=PRECISIONS, default=own.mixed_precision, help="default bf16")
    add(
        "--checkpoint-every",
        type=int,
        default=own.checkpoint_every,
        help=f"steps (default {own.checkpoint_every})",
    )
    add("--limit", type=int, help="use the first pictures of train alone")
    add("--seed", type=int, default=own.seed, help="of weights and of the pictures' order")
    add("--workers", type=int, default=2, help="processes that read pictures ahead")
    add("--device", choices=("auto", "cpu", "cuda"), default="auto")
    return made


def plan_of(chosen: argparse.Namespace) -> HostPlan:
    """What was asked for. Raises ValueError, one line, for a number that cannot be."""
    if chosen.workers < 0:
        raise ValueError(f"--workers is {chosen.workers}, wanted 0 or more")
    names = {field.name for field in fields(HostPlan)} & vars(chosen).keys()
    return HostPlan(**{name: getattr(chosen, name) for name in names})


def main(arguments: list[str] | None = None) -> int:
    """Command line: the exit code; a wrong wish is one line and 2."""
    chosen = parser().parse_args(arguments)

    def work() -> int:
        need("accelerate", "host_projector", "training")
        from benchmark.recipes.host_projector.run import run

        return run(chosen, plan_of(chosen))

    return told(work)


if __name__ == "__main__":
    sys.exit(main())
