"""Cells of a submission in groups that one request scores: one place, seeds of one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache

from benchmark.configure import build
from benchmark.registry import Choice, catalogue
from benchmark.results import Cell
from benchmark.verification.asked import Asked

Key = tuple[str, str, str, str, int | None, bool, bool]
TOLD = ("scored", "not_applicable")
"""What is asked again; a cell that failed or was skipped claims nothing."""


@dataclass(frozen=True)
class Group:
    """One backend, site and variant at some seeds, and the cells that were recorded there."""

    backend: str
    data: str
    site: str
    variant: str
    limit: int | None
    centred: bool
    swept: bool
    seeds: tuple[int, ...]
    """Of the run: each is what the others are held against."""
    cells: tuple[Cell, ...]

    @property
    def tasks(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(cell.task.name for cell in self.cells))

    @property
    def wanted(self) -> tuple[int, ...]:
        """Seeds that are scored again."""
        return tuple(s for s in self.seeds if any(cell.seed == s for cell in self.cells))


def groups(cells: Iterable[Cell], asked: Asked) -> list[Group]:
    """Every group of a submission, as much of it as was asked for, in the order of its cells."""
    by_place: dict[Key, list[Cell]] = {}
    for cell in cells:
        if cell.status in TOLD and cell.task.name in catalogue("task"):
            by_place.setdefault(_place(cell), []).append(cell)
    found = []
    for key, here in by_place.items():
        for seeds, own in _by_seeds(here).items():
            kept = tuple(cell for cell in own if asked_for(cell, asked))
            if kept:
                found.append(Group(*key, seeds=seeds, cells=kept))
    return found


def asked_for(cell: Cell, asked: Asked) -> bool:
    """Whether a cell is in the part that was asked for."""
    return (
        (not asked.seeds or cell.seed in asked.seeds)
        and (not asked.backends or cell.backend.name in asked.backends)
        and (not asked.tasks or cell.task.name in asked.tasks)
    )


def _place(cell: Cell) -> Key:
    where = (cell.backend.name, cell.data.name, cell.site or "", cell.variant)
    return (*where, cell.data.limit, cell.data.centred, sweeps(cell.task.name))


def _by_seeds(cells: list[Cell]) -> Mapping[tuple[int, ...], list[Cell]]:
    """Cells by the seeds of the run that made them; one that looked at no other goes to any."""
    found: dict[tuple[int, ...], list[Cell]] = {}
    for cell in cells:
        if cell.siblings:
            found.setdefault(tuple(sorted({cell.seed, *cell.siblings})), []).append(cell)
    every = tuple(sorted({cell.seed for cell in cells if not cell.siblings}))
    for cell in (cell for cell in cells if not cell.siblings):
        seeds = next((run for run in found if cell.seed in run), every)
        found.setdefault(seeds, []).append(cell)
    return found


@cache
def sweeps(task: str) -> bool:
    """Whether a task of the suite scores all decoder blocks together."""
    return bool(build(Choice(catalogue("task")[task]), {}).sweeps)
