"""What a user asked to sweep, checked before anything is computed: one request with all points."""

from __future__ import annotations

import argparse
from dataclasses import dataclass, replace

from benchmark.contracts import Split
from benchmark.registry import Choice
from benchmark.run.request import Request, request
from benchmark.sweeps.axes import Axes, axes_of
from benchmark.sweeps.grid import Grid, Point, grid_of, points_of
from benchmark.sweeps.preset import check_preset
from benchmark.sweeps.rule import Keep, keep_of

TASKS = ("reconstruction", "modality_split")
"""Where none is named: what codes give back, and whether concepts are shared."""
SCORED_ON: Split = "val"
"""Never test: nothing may be chosen on the data that scores it."""


@dataclass(frozen=True)
class GridRequest:
    """A grid as data: its points are the methods of one request, so activations are read once."""

    request: Request
    grid: Grid
    points: tuple[Point, ...]
    axes: Axes
    keep: Keep
    preset: str | None

    @property
    def method(self) -> Choice:
        """The one method, as it is named."""
        return self.request.methods[0]


def grid_request(arguments: argparse.Namespace) -> GridRequest:
    """The grid behind a command line. Raises ValueError in one line for anything wrong."""
    tasks = arguments.task or list(TASKS)
    fixed = {"task": tasks, "split": SCORED_ON, "variant": "fair"}
    base = request(argparse.Namespace(**{**vars(arguments), **fixed}))
    if len(base.methods) != 1:
        names = ", ".join(choice.name for choice in base.methods)
        raise ValueError(f"--method {names}: wanted one method, its grid is its own")
    (choice,), (given,) = base.methods, base.given
    if arguments.preset:
        check_preset(arguments.preset, choice)
    grid = grid_of(arguments.grid, choice, given)
    points = points_of(choice, given, grid)
    settings = tuple(dict(point.given) for point in points)
    return GridRequest(
        request=replace(base, methods=(choice,) * len(points), given=settings),
        grid=grid,
        points=points,
        axes=axes_of(base.tasks, arguments.x, arguments.y),
        keep=keep_of(arguments.keep),
        preset=arguments.preset,
    )
