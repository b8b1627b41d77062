"""What alignment costs: reconstruction, time to fit and parameters beside it, a section a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import mean
from typing import Any

from benchmark.reports.numbers import number
from leaderboards.board.tables import Column, Entry, Row, Table
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page
from leaderboards.site.pages.compare import label
from leaderboards.site.scatter import Drawn, Kind, Point, front, scatter

NAV = Nav(12, "Trade-offs", "tradeoffs.html", "reconstruction against alignment against cost")
REBUILT = "reconstruction"
ALIGNED = ("modality_split", "retrieval")
"""Tasks whose main metric is taken for alignment, the first that is scored first."""
BRIEF = 0.05
"""Seconds under which a fit is none: a control that is written down."""


@dataclass(frozen=True)
class Cost:
    """What a row was made with."""

    seconds: float | None
    """Mean over seeds of the time to fit; None where none was told, or nothing was fitted."""
    parameters: int | None


@dataclass(frozen=True)
class Line:
    """A row of the table under the plots."""

    row: Row
    path: str
    rebuilt: Entry | None
    aligned: Entry
    cost: Cost
    fronts: tuple[str, ...]
    """What it is on the front of."""


def make(facts: Facts) -> Iterator[Page]:
    """One page, a section for every place where both are scored."""
    shown = [each for table in facts.board.tables if (each := section(facts, table))]
    yield Page(NAV.path, "What does alignment cost?", "tradeoffs.html.j2", {"sections": shown})


def section(facts: Facts, table: Table) -> dict[str, Any] | None:
    """Plots and table of one place; None where fewer than three methods have both."""
    aligned = next((c for task in ALIGNED if (c := table.column(task))), None)
    rebuilt = table.column(REBUILT)
    if aligned is None or table.place.variant == "paper":
        return None
    rows = [row for row in table.rows if not row.slug and _fresh(row, aligned)]
    costs = {row.key: cost(row) for row in rows}
    plots, on = [], dict[str, list[str]]()
    if rebuilt:
        both = [row for row in rows if _fresh(row, rebuilt)]
        best = fronts(both, lambda r: (_value(r, rebuilt), _value(r, aligned)))
        plots.append(("reconstruction", _plot(facts, both, best, rebuilt, aligned)))
        _note(on, best, "reconstruction")
    timed = [row for row in rows if costs[row.key].seconds is not None]
    best = fronts(timed, lambda r: (-(costs[r.key].seconds or 0.0), _value(r, aligned)))
    plots.append(("time to fit", _cost_plot(facts, timed, best, costs, aligned)))
    _note(on, best, "time to fit")
    plots = [(name, drawn) for name, drawn in plots if drawn]
    if not plots:
        return None
    lines = [
        Line(
            row,
            facts.links.row(row),
            row.entries.get(REBUILT) if rebuilt else None,
            row.entries[aligned.task],
            costs[row.key],
            tuple(on.get(row.key, ())),
        )
        for row in rows
    ]
    lines.sort(key=lambda each: -each.aligned.value.value)
    return {
        "name": label(table),
        "path": facts.links.place(table.place),
        "rebuilt": rebuilt,
        "aligned": aligned,
        "plots": plots,
        "lines": lines,
    }


def fronts(rows: Sequence[Row], of: Any) -> set[str]:
    """Keys of the rows that no other beats in both; controls and supervised rows set none."""
    able = [row for row in rows if contends(row)]
    return {able[i].key for i in front([of(row) for row in able])}


def contends(row: Row) -> bool:
    """Whether a row may be on a front: a method that saw no labels."""
    return row.kind == "method" and "supervised" not in row.marks


def cost(row: Row) -> Cost:
    """Over the cells of a row; a fit is timed in the cell that made it, other cells say less."""
    fits: dict[int, float] = {}
    for cells in row.cells.values():
        for cell in cells:
            took = cell.timing.get("fit")
            if took is not None:
                fits[cell.seed] = max(took, fits.get(cell.seed, 0.0))
    seconds = mean(fits.values()) if fits else None
    brief = seconds is not None and seconds < BRIEF
    return Cost(None if brief else seconds, row.record.parameters)


def _fresh(row: Row, column: Column) -> bool:
    entry = row.entries.get(column.task)
    return entry is not None and entry.fresh


def _value(row: Row, column: Column) -> float:
    sign = -1 if column.higher_is_better is False else 1
    return sign * row.entries[column.task].value.value


def _note(on: dict[str, list[str]], best: set[str], name: str) -> None:
    for key in best:
        on.setdefault(key, []).append(name)


def _ends(entry: Entry) -> tuple[float, float] | None:
    value = entry.value
    return None if value.low is None or value.high is None else (value.low, value.high)


def _plot(facts: Facts, rows: Sequence[Row], best: set[str], x: Column, y: Column) -> Drawn | None:
    """Alignment over reconstruction."""
    points = []
    for row in rows:
        a, b = row.entries[x.task], row.entries[y.task]
        says = f"{row.name}: {x.metric} {number(a.value.value)}, {y.metric} {number(b.value.value)}"
        ends = (_ends(a), _ends(b))
        values = (a.value.value, b.value.value)
        points.append(_point(facts, row, best, values, ends, says))
    return scatter(points, (f"{x.metric} →", f"↑ {y.metric}")) if len(points) > 2 else None


def _cost_plot(
    facts: Facts, rows: Sequence[Row], best: set[str], costs: dict[str, Cost], y: Column
) -> Drawn | None:
    """Alignment over the seconds of a fit."""
    points = []
    for row in rows:
        seconds = costs[row.key].seconds or 0.0
        entry = row.entries[y.task]
        says = f"{row.name}: fitted in {seconds:.3g} s, {y.metric} {number(entry.value.value)}"
        values = (seconds, entry.value.value)
        points.append(_point(facts, row, best, values, (None, _ends(entry)), says))
    titles = ("← seconds to fit", f"↑ {y.metric}")
    return scatter(points, titles, log=True, falls=True) if len(points) > 2 else None


def _point(
    facts: Facts,
    row: Row,
    best: set[str],
    values: tuple[float, float],
    ends: tuple[tuple[float, float] | None, tuple[float, float] | None],
    says: str,
) -> Point:
    kind: Kind = "front" if row.key in best else "method" if contends(row) else "control"
    words = says + (", on the front" if row.key in best else "")
    return Point(row.name, facts.links.row(row), *values, *ends, kind, words)
