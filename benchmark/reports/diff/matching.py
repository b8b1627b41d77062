"""Which cells of two runs are the same experiment: by what they ask, never by their keys."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.reports.compare.places import latest, where
from benchmark.results import Cell, canonical

Experiment = tuple[str | int, ...]
"""Method, backend, data, site, split, task, variant, seed."""
Setting = str


@dataclass(frozen=True)
class Pair:
    """One experiment in both runs."""

    a: Cell
    b: Cell

    @property
    def scored(self) -> bool:
        """Whether both have numbers."""
        return self.a.status == self.b.status == "scored"


@dataclass(frozen=True)
class Matched:
    """Experiments of both, and those of one alone."""

    pairs: tuple[Pair, ...]
    only_a: tuple[Cell, ...]
    only_b: tuple[Cell, ...]
    older: tuple[int, int]
    """Cells of each that a later one of the same experiment and setting stands for."""


def experiment(cell: Cell) -> Experiment:
    """What a cell asks; versions, revisions, configuration and code may differ within one."""
    return (cell.method.name, *where(cell).label, cell.seed)


def setting(cell: Cell) -> Setting:
    """What the user chose within an experiment: one folder may hold several settings of it."""
    return canonical([cell.method.config, cell.data.limit, cell.data.centred])


def match(a: Iterable[Cell], b: Iterable[Cell]) -> Matched:
    """Pairs of cells, in the order of experiments.

    Where an experiment is there in several settings those that are equal are paired; one that is
    left on each side is the same experiment in another setting, more than one cannot be told.
    """
    sides, older = zip(*(_by_experiment(cells) for cells in (a, b)), strict=True)
    pairs: list[Pair] = []
    only: tuple[list[Cell], list[Cell]] = ([], [])
    for each in sorted(sides[0].keys() | sides[1].keys()):
        here, there = (side.get(each, {}) for side in sides)
        both = sorted(here.keys() & there.keys())
        pairs += [Pair(here[s], there[s]) for s in both]
        rest = [[side[s] for s in sorted(side.keys() - set(both))] for side in (here, there)]
        if len(rest[0]) == len(rest[1]) == 1:
            pairs.append(Pair(rest[0][0], rest[1][0]))
            continue
        for left, cells in zip(only, rest, strict=True):
            left += cells
    return Matched(tuple(pairs), tuple(only[0]), tuple(only[1]), (older[0], older[1]))


def _by_experiment(cells: Iterable[Cell]) -> tuple[dict[Experiment, dict[Setting, Cell]], int]:
    """The latest cell of each experiment and setting, and how many it stands for."""
    found: dict[Experiment, dict[Setting, list[Cell]]] = {}
    n = 0
    for cell in cells:
        found.setdefault(experiment(cell), {}).setdefault(setting(cell), []).append(cell)
        n += 1
    kept = {each: {s: latest(its) for s, its in its.items()} for each, its in found.items()}
    return kept, n - sum(map(len, kept.values()))


def together(pairs: Sequence[Pair]) -> list[list[Pair]]:
    """Pairs of one method and place in one pair of settings: its seeds, in order."""
    groups: dict[tuple[Experiment, Setting, Setting], list[Pair]] = {}
    for pair in pairs:
        of = (experiment(pair.a)[:-1], setting(pair.a), setting(pair.b))
        groups.setdefault(of, []).append(pair)
    return list(groups.values())
