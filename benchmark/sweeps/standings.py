"""Cells of a grid by place and point: what each point scored, at the budget, seed by seed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from benchmark.reports.panels import Row, Where, combined, where
from benchmark.results import Cell, Score
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.grid import Point

BY_BUDGET = ("truncated", "full")
"""Codes that are scored cut to their k strongest latents are read so: more active latents than the
budget has must not be what is chosen. No other code has more."""


@dataclass(frozen=True)
class Standing:
    """One point at one place."""

    point: Point
    cells: Mapping[tuple[str, int], Cell]
    """By task and seed."""

    def scores(self, axis: Axis) -> dict[int, Score]:
        """One metric by seed, of the seeds that have it."""
        found = {
            seed: at_budget(c, axis.name)
            for (task, seed), c in self.cells.items()
            if task == axis.task
        }
        return {seed: score for seed, score in sorted(found.items()) if score is not None}

    def mean(self, axis: Axis) -> Row:
        """Over seeds, with the interval that holds seeds and items; there is one seed at least."""
        return combined(self.point.label, "full", list(self.scores(axis).values()))

    def missing(self, axes: Sequence[Axis]) -> str | None:
        """Why the point cannot be read by these metrics: a cell without a score; None if it can."""
        for axis in axes:
            for (task, seed), cell in sorted(self.cells.items()):
                if task == axis.task and at_budget(cell, axis.name) is None:
                    why = cell.reason or f"no {axis.name} was scored"
                    return f"{cell.status.replace('_', ' ')} (seed {seed}): {why}"
        return None

    def cut(self, axes: Iterable[Axis]) -> bool:
        """Whether one of these metrics is of codes that were cut to the budget."""
        return any(s.variant != "full" for axis in axes for s in self.scores(axis).values())

    def l0(self) -> dict[str, float]:
        """Active latents of an example by modality, before any truncation; mean over seeds."""
        told = {seed: c.method.l0 for (_, seed), c in self.cells.items() if c.method.l0}
        sides = sorted({side for each in told.values() for side in each})
        return {side: sum(each[side] for each in told.values()) / len(told) for side in sides}


def at_budget(cell: Cell, name: str) -> Score | None:
    """The score of a metric, of codes that keep to the budget where both kinds are there."""
    kinds = {score.variant: score for score in cell.scores if score.name == name}
    return next((kinds[kind] for kind in BY_BUDGET if kind in kinds), None)


def standings(cells: Iterable[Cell], points: Sequence[Point]) -> dict[Where, list[Standing]]:
    """Every point at every place, in the order of the grid.

    A cell belongs to the point whose configuration it has, whatever command scored it first.
    """
    found: dict[Where, dict[int, dict[tuple[str, int], Cell]]] = {}
    for cell in cells:
        i = place_of(cell, points)
        found.setdefault(where(cell), {}).setdefault(i, {})[cell.task.name, cell.seed] = cell
    return {
        there: [Standing(points[i], its[i]) for i in sorted(its)] for there, its in found.items()
    }


def place_of(cell: Cell, points: Sequence[Point]) -> int:
    """Which point a cell is of."""
    return next(i for i, point in enumerate(points) if point.config == cell.method.config)
