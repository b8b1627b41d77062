"""Cells as a reader sees them: one panel a task, one row a method, seeds combined. No torch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmark.registry import ROOT
from benchmark.reports.compare.places import where as experiment
from benchmark.results import Cell, Document, Score, read_document
from benchmark.statistics import over_seeds

BUNDLED = ROOT / "leaderboards" / "results" / "reference.json"
Where = tuple[str, str, str, str, str]
"""Backend, data, site, split, variant: rows of different ones are never in one panel."""


@dataclass(frozen=True)
class Row:
    """One method's main score; the interval holds seeds and items where there are seeds."""

    method: str
    value: float
    low: float | None
    high: float | None
    seeds: int
    bundled: bool = False
    supervised: bool = False


@dataclass
class Panel:
    """One task in one place: rows, and what they are read against."""

    task: str
    version: int
    metric: str = ""
    unit: str = ""
    n: int = 0
    rows: list[Row] = field(default_factory=list)
    floor: float | None = None
    ceilings: set[float] = field(default_factory=set)
    baselines: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    """Methods without a score here, with the status and the reason."""

    @property
    def ceiling(self) -> float | None:
        """The ceiling of all rows; None where each has its own, which only its details can tell."""
        return next(iter(self.ceilings)) if len(self.ceilings) == 1 else None


def heading(place: Where) -> str:
    """A place in words; a backend that brings its own data is named once."""
    backend, data, site, split, variant = place
    where_from = [backend] if data == backend else [backend, data]
    return " · ".join([*where_from, split, site, variant])


def where(cell: Cell) -> Where:
    return (cell.backend.name, cell.data.name, cell.site or "", cell.split, cell.variant)


def panels(cells: Sequence[Cell], bundled: Sequence[Cell] = ()) -> dict[Where, dict[str, Panel]]:
    """Panels by place and task, rows best first."""
    found: dict[Where, dict[str, Panel]] = {}
    groups: dict[tuple[Where, str, str], list[Cell]] = {}
    for cell in cells:
        tasks = found.setdefault(where(cell), {})
        tasks.setdefault(cell.task.name, Panel(cell.task.name, cell.task.version))
        groups.setdefault((where(cell), cell.task.name, cell.method.name), []).append(cell)
    ran = {(place, method) for place, _, method in groups}
    experiments = {experiment(cell) for cell in cells}
    for cell in bundled:
        if (where(cell), cell.method.name) not in ran and experiment(cell) in experiments:
            key = (where(cell), cell.task.name, cell.method.name)
            groups.setdefault(key, []).append(cell)
    for (place, task, _), members in groups.items():
        add(found[place][task], members, bundled=members[0] in bundled)
    for tasks in found.values():
        for panel in tasks.values():
            panel.rows.sort(key=lambda row: -row.value)
    return found


def add(panel: Panel, members: list[Cell], *, bundled: bool) -> None:
    """Adds the row of one method, or why there is none; a truncated code is a row of its own."""
    scored = [cell for cell in members if cell.status == "scored"]
    if not scored:
        first = members[0]
        panel.absent[first.method.name] = f"{first.status.replace('_', ' ')}: {first.reason}"
        return
    for kind in dict.fromkeys(score.variant for cell in scored for score in cell.scores):
        mains = [s for cell in scored for s in cell.scores if s.main and s.variant == kind]
        name = scored[0].method.name + ("" if kind == "full" else f" ({kind})")
        panel.rows.append(combined(name, mains, bundled, scored[0].method.supervised))
        if not bundled:
            read_against(panel, mains[0])


def combined(name: str, mains: Sequence[Score], bundled: bool, supervised: bool) -> Row:
    """One row of one or several seeds."""
    first = mains[0]
    if len(mains) == 1:
        ends = (first.ci_low, first.ci_high)
        return Row(name, first.value, *ends, 1, bundled, supervised)
    summary = over_seeds([s.value for s in mains], [s.se or 0.0 for s in mains])
    return Row(name, summary.value, summary.low, summary.high, len(mains), bundled, supervised)


def read_against(panel: Panel, score: Score) -> None:
    """Floor, baselines and ceiling: the floor is the highest any row of the run was held to."""
    panel.metric, panel.unit = score.name, score.unit
    panel.n = max(panel.n, score.n or 0)
    for reference in score.references:
        if reference.kind == "baseline":
            panel.baselines[reference.name] = reference.value
    if score.floor is not None:
        panel.floor = score.floor if panel.floor is None else max(panel.floor, score.floor)
    if score.ceiling is not None:
        panel.ceilings.add(round(score.ceiling, 9))


def bundled_cells() -> tuple[Cell, ...]:
    """The reference rows that ship with the package; none where they are not there."""
    return read_document(BUNDLED).cells if BUNDLED.is_file() else ()


def panels_of(document: Document) -> dict[Where, dict[str, Panel]]:
    """Panels of a run beside the bundled rows that it may be compared with."""
    return panels(document.cells, bundled_cells())
