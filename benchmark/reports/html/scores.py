"""Tables of a run as a page shows them: one a task with a strip a row, and every metric below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from benchmark.registry import catalogue
from benchmark.reports.details import DOSE
from benchmark.reports.html.strips import strip, view
from benchmark.reports.lineup import Line, lineup, row_of, value_of
from benchmark.reports.numbers import interval, number, span
from benchmark.reports.panels import Panel, Where, combined, heading
from benchmark.reports.tables import PATCHED, SAW, TWO_SEEDS, absences, nearest
from benchmark.results import Cell, Score

MOST = 8
"""Methods up to which every metric is told in a table; of more the document has them."""


@dataclass(frozen=True)
class Entry:
    """One row of a task's table."""

    label: str
    kind: str
    bundled: bool
    value: str
    ends: str
    strip: Markup


@dataclass(frozen=True)
class Metric:
    """One metric of a task over the methods of the run."""

    name: str
    main: bool
    values: tuple[str, ...]
    floor: str
    ceiling: str
    n: str


@dataclass(frozen=True)
class TaskTable:
    """One task at one place."""

    task: str
    version: int
    summary: str
    metric: str
    arrow: str
    n: str
    entries: tuple[Entry, ...]
    more: tuple[Entry, ...]
    """Bundled rows that are folded away."""
    methods: tuple[str, ...]
    metrics: tuple[Metric, ...]
    left_out: tuple[str, ...]


@dataclass(frozen=True)
class PlaceTables:
    """All tasks at one place."""

    place: str
    slug: str
    tables: tuple[TaskTable, ...]
    absent: tuple[str, ...]
    legend: tuple[str, ...]


def place_tables(
    panels: dict[Where, dict[str, Panel]], cells: Sequence[Cell]
) -> tuple[PlaceTables, ...]:
    """Every place with something to tell, in the order of the run."""
    found = []
    for number_, (there, tasks) in enumerate(panels.items(), start=1):
        shown = [panel for panel in tasks.values() if panel.rows]
        own = [cell for cell in cells if _there(cell) == there]
        tables = tuple(_table(panel, own) for panel in shown)
        found.append(
            PlaceTables(
                place=heading(there),
                slug=f"place-{number_}",
                tables=tables,
                absent=tuple(absences(tasks)),
                legend=legend(shown),
            )
        )
    return tuple(each for each in found if each.tables or each.absent)


def _there(cell: Cell) -> Where:
    return (cell.backend.name, cell.data.name, cell.site or "", cell.split, cell.variant)


def _table(panel: Panel, cells: Sequence[Cell]) -> TaskTable:
    seen, lines = view(panel), lineup([panel])
    shown = nearest(panel, lines)
    own = [cell for cell in cells if cell.task.name == panel.task and cell.status == "scored"]
    methods = tuple(dict.fromkeys(cell.method.name for cell in own))
    left_out = dict.fromkeys(
        f"{name}: {why}" for cell in own for name, why in cell.left_out.items()
    )
    return TaskTable(
        task=panel.task,
        version=panel.version,
        summary=summary_of(panel.task),
        metric=panel.metric,
        arrow={True: "↑ higher is better", False: "↓ lower is better", None: ""}[
            panel.higher_is_better
        ],
        n=panel.sample,
        entries=tuple(_entry(panel, line, seen) for line in shown),
        more=tuple(_entry(panel, line, seen) for line in lines if line not in shown),
        methods=methods,
        metrics=metrics(own, methods) if len(methods) <= MOST else (),
        left_out=tuple(left_out),
    )


def summary_of(task: str) -> str:
    """What a task asks; nothing of one that is not registered here."""
    known = catalogue("task").get(task)
    return known.summary if known else ""


def _entry(panel: Panel, line: Line, seen: object) -> Entry:
    row = row_of(panel, line)
    drawn = strip(panel, line, seen)  # type: ignore[arg-type]
    if line.is_reference or row is None:
        value, ends = number(value_of(panel, line)), ""
    else:
        value = number(row.value) + (" ‡" if row.wide else "")
        ends = "" if row.low is None or row.high is None else span(row.low, row.high)
    return Entry(line.label, line.kind, line.bundled, value, ends, drawn)


def metrics(cells: Sequence[Cell], methods: Sequence[str]) -> tuple[Metric, ...]:
    """Every metric of the full codes, main first, means over seeds with their intervals."""
    by_name: dict[str, dict[str, list[Score]]] = {}
    for cell in cells:
        for score in cell.scores:
            if score.variant == "full" and DOSE not in score.name:
                by_name.setdefault(score.name, {}).setdefault(cell.method.name, []).append(score)
    found = [_metric(name, of, methods) for name, of in by_name.items()]
    return tuple(sorted(found, key=lambda each: not each.main))


def _metric(name: str, of: dict[str, list[Score]], methods: Sequence[str]) -> Metric:
    every = [score for scores in of.values() for score in scores]
    floors = {number(score.floor) for score in every}
    ceilings = {number(score.ceiling) for score in every}
    counts = {f"{s.n:,} {s.unit}s" for s in every if s.n}
    return Metric(
        name=name,
        main=every[0].main,
        values=tuple(_value(method, of.get(method)) for method in methods),
        floor=floors.pop() if len(floors) == 1 else "differs",
        ceiling=ceilings.pop() if len(ceilings) == 1 else "differs",
        n=counts.pop() if len(counts) == 1 else "differs" if counts else "",
    )


def _value(method: str, scores: Sequence[Score] | None) -> str:
    if not scores:
        return ""
    row = combined(method, "full", scores)
    return interval(row.value, row.low, row.high) + ("‡" if row.wide else "")


def legend(shown: Sequence[Panel]) -> tuple[str, ...]:
    """What the marks that occur mean."""
    rows = [row for panel in shown for row in panel.rows]
    parts = [
        ("* a reference row that ships with the benchmark", any(row.bundled for row in rows)),
        (f"† supervised: {SAW}", any(row.supervised for row in rows)),
        (f"§ {PATCHED}", any(row.patched for row in rows)),
        ("×S: over S seeds; the interval holds seeds and items", any(r.seeds > 1 for r in rows)),
        (f"‡ {TWO_SEEDS}", any(row.wide for row in rows)),
    ]
    return tuple(text for text, occurs in parts if occurs)
