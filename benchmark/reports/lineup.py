"""One order of rows for every panel and table: methods, controls, and what they are read against.

Methods stand best first by the first task that scored them, truncated codes under the full ones;
then controls in the same order; then baselines, the ceiling and, last, the floor.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from benchmark.reports.panels import Panel, Row

Kind = Literal["method", "control", "baseline", "ceiling", "floor"]
CONTROLS = ("identity", "pca", "labelled", "oracle", "random", "untrained")
"""Methods that are there to be read against: dense codes, oracles, dictionaries of no training."""


@dataclass(frozen=True)
class Line:
    """One row of a figure or table, over all its panels."""

    name: str
    kind: Kind
    seeds: int = 1
    bundled: bool = False
    supervised: bool = False
    patched: bool = False
    wide: bool = False
    """Whether an interval of two seeds is among its rows."""

    @property
    def is_reference(self) -> bool:
        """Whether it is what others are read against, and no row of its own."""
        return self.kind not in ("method", "control")

    @property
    def label(self) -> str:
        """The name with its marks, which a legend explains."""
        if self.kind == "baseline":
            return f"baseline: {self.name}"
        marks = ("*" if self.bundled else "") + ("†" if self.supervised else "")
        marks += "§" if self.patched else ""
        seeds = f" ×{self.seeds}" if self.seeds > 1 else ""
        return f"{self.name}{seeds} {marks}".strip()


def lineup(panels: Sequence[Panel]) -> list[Line]:
    """Every row that any of these panels has."""
    rows = [row for panel in panels for row in panel.rows]
    lines = [line(name, rows) for name in by_method(rows)]
    lines.sort(key=lambda each: each.kind == "control")
    baselines = dict.fromkeys(name for panel in panels for name in panel.baselines)
    lines += [Line(name, "baseline") for name in baselines]
    if any(panel.ceiling is not None for panel in panels):
        lines.append(Line("ceiling", "ceiling"))
    if any(panel.floor is not None for panel in panels):
        lines.append(Line("floor", "floor"))
    return lines


def by_method(rows: Sequence[Row]) -> list[str]:
    """Names of rows, those of one method together and its full codes first."""
    methods = list(dict.fromkeys(row.of for row in rows))
    names = dict.fromkeys((methods.index(row.of), row.method != row.of, row.method) for row in rows)
    return [name for _, _, name in sorted(names)]


def line(name: str, rows: Sequence[Row]) -> Line:
    """The line of one name over all its rows, which differ in their task alone."""
    its = [row for row in rows if row.method == name]
    first = its[0]
    control = any(first.of == known or first.of.startswith(f"{known}-") for known in CONTROLS)
    kind: Kind = "control" if control else "method"
    wide = any(row.wide for row in its)
    return Line(name, kind, first.seeds, first.bundled, first.supervised, first.patched, wide)


def value_of(panel: Panel, each: Line) -> float | None:
    """What a line has in a panel, if anything."""
    if each.kind in ("floor", "ceiling"):
        return panel.floor if each.kind == "floor" else panel.ceiling
    if each.kind == "baseline":
        return panel.baselines.get(each.name)
    return row.value if (row := row_of(panel, each)) else None


def row_of(panel: Panel, each: Line) -> Row | None:
    """The row behind a line of a method or a control."""
    return next((row for row in panel.rows if row.method == each.name), None)
