"""Scores over blocks: one panel a family of scores or a task, one line a method. No torch.

Of a task that sweeps, the scores named `<family>/block:<l>` that something stands beside (where
nothing does, all that have a better end); of any other its main score, where a method was fitted
at the sites of several blocks. Of codes that were truncated too, the full ones.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from benchmark.reports.lineup import Line, line
from benchmark.reports.panels import Row, Where, combined, where
from benchmark.results import Cell, Score

SITE = re.compile(r"block:(\d+)((?:/\w+)?)")
NAMED = re.compile(r"(.+)/block:(\d+)")
Group = tuple[Where, str]
"""A place, and the task whose families stand side by side there; none where these are tasks."""
Kind = Literal["null", "baseline", "ceiling"]
Spread = tuple[float, float, float]
"""The least, the mean and the greatest over methods."""
SAME = 1e-9


@dataclass(frozen=True)
class Mark:
    """What methods are read against."""

    kind: Kind
    name: str


@dataclass
class BlockPanel:
    """One score over blocks."""

    name: str
    """Of the family or the task."""
    metric: str
    """Of a task its main score; nothing of a family."""
    unit: str
    n: int = 0
    higher_is_better: bool | None = None
    rows: dict[str, dict[int, Row]] = field(default_factory=dict)
    """By method and block."""
    beside: dict[Mark, dict[int, list[float]]] = field(default_factory=dict)
    """By block: a value a method."""

    def spread(self, mark: Mark) -> dict[int, Spread]:
        """What a reference has at each block; one value where all methods have the same."""
        found = sorted(self.beside.get(mark, {}).items())
        return {block: (min(of), sum(of) / len(of), max(of)) for block, of in found}

    def level(self, mark: Mark) -> float | None:
        """The value of a reference that is the same for every method at every block."""
        values = [value for of in self.beside.get(mark, {}).values() for value in of]
        alike = bool(values) and max(values) - min(values) < SAME
        return values[0] if alike else None

    @property
    def blocks(self) -> list[int]:
        return sorted({block for rows in self.rows.values() for block in rows})


def over_blocks(cells: Sequence[Cell]) -> dict[Group, list[BlockPanel]]:
    """Panels of every group with a method that was scored at two blocks or more."""
    seeds: dict[tuple[Group, str, str, int], list[tuple[Cell, Score]]] = {}
    for cell in cells:
        for group, name, block, score in _entries(cell):
            seeds.setdefault((group, name, cell.method.name, block), []).append((cell, score))
    found: dict[Group, dict[str, BlockPanel]] = {}
    for (group, name, _, block), members in seeds.items():
        first = members[0][1]
        metric = "" if group[1] else first.name
        panel = found.setdefault(group, {}).setdefault(name, BlockPanel(name, metric, first.unit))
        _add(panel, block, *zip(*members, strict=True))
    shown = {group: _shown(group, list(each.values())) for group, each in found.items()}
    return {group: panels for group, panels in shown.items() if panels}


def _entries(cell: Cell) -> Iterator[tuple[Group, str, int, Score]]:
    """What a cell says of blocks: the group, the name of the panel, the block and the score."""
    site, there = SITE.fullmatch(cell.site or ""), where(cell)
    for score in cell.scores:
        if score.variant != "full":
            continue
        if named := NAMED.fullmatch(score.name):
            yield (there, cell.task.name), named[1], int(named[2]), score
        elif site and score.main:
            backend, data, _, split, variant = there
            every = (backend, data, f"block:*{site[2]}", split, variant)
            yield (every, ""), cell.task.name, int(site[1]), score


def _add(panel: BlockPanel, block: int, cells: Sequence[Cell], scores: Sequence[Score]) -> None:
    """One method at one block: its seeds in one row, and the means of what stands beside them."""
    method = cells[0].method
    row = combined(method.name, "full", scores)
    row = replace(row, supervised=method.supervised, patched=method.patched is not None)
    panel.rows.setdefault(method.name, {})[block] = row
    panel.n = max(panel.n, scores[0].n or 0)
    panel.higher_is_better = scores[0].higher_is_better
    values: dict[Mark, list[float]] = {}
    for mark, value in (each for score in scores for each in _beside(score)):
        values.setdefault(mark, []).append(value)
    for mark, every in values.items():
        at = panel.beside.setdefault(mark, {}).setdefault(block, [])
        at.append(sum(every) / len(every))


def _beside(score: Score) -> Iterator[tuple[Mark, float]]:
    """What a score is read against; of several nulls the floor that they make."""
    nulls = [each for each in score.references if each.kind == "null"]
    if len(nulls) > 1 and score.floor is not None:
        yield Mark("null", "floor"), score.floor
    for each in score.references:
        if each.kind != "null" or len(nulls) == 1:
            yield Mark(each.kind, each.name), each.value


def _shown(group: Group, panels: Sequence[BlockPanel]) -> list[BlockPanel]:
    """Those over several blocks; of families those that something stands beside, if any."""
    several = [p for p in panels if any(len(rows) > 1 for rows in p.rows.values())]
    if not group[1]:
        return several
    beside = [panel for panel in several if panel.beside]
    return beside or [panel for panel in several if panel.higher_is_better is not None]


def methods_of(panels: Iterable[BlockPanel]) -> list[Line]:
    """Every method with its marks, controls last."""
    found: dict[str, list[Row]] = {}
    for panel in panels:
        for name, rows in panel.rows.items():
            found.setdefault(name, []).extend(rows.values())
    lines = [line(name, rows) for name, rows in found.items()]
    return sorted(lines, key=lambda each: each.kind == "control")


def marks_of(panels: Iterable[BlockPanel]) -> list[Mark]:
    """Every reference: nulls, baselines, ceilings."""
    found = dict.fromkeys(mark for panel in panels for mark in panel.beside)
    order: list[Kind] = ["null", "baseline", "ceiling"]
    return sorted(found, key=lambda mark: order.index(mark.kind))
