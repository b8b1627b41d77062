"""Cells as a reader sees them: one panel a task, one row a method, seeds combined. No torch."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from benchmark.registry import ROOT
from benchmark.reports.compare.places import where as experiment
from benchmark.reports.ends import within
from benchmark.reports.names import place, short
from benchmark.results import SUFFIX, Cell, Document, Score, bundle_file, read_bundle
from benchmark.statistics import over_seeds

BUNDLED = ROOT / "leaderboards" / "results" / "reference"
"""Reference rows, a file a backend."""
Where = tuple[str, str, str, str, str]
"""Backend, data, site, split, variant: rows of different ones are never in one panel."""


@dataclass(frozen=True)
class Row:
    """One method's main score; the interval holds seeds and items where there are seeds."""

    method: str
    """Its name, with the variant of the codes where they are not the full ones."""
    value: float
    low: float | None
    high: float | None
    seeds: int
    bundled: bool = False
    supervised: bool = False
    patched: bool = False
    of: str = ""
    """The method's name alone."""
    wide: bool = False
    """Two seeds that differ: t(1) makes the interval 12.7 standard errors to each side."""


@dataclass
class Panel:
    """One task in one place: rows, and what they are read against."""

    task: str
    version: int
    metric: str = ""
    unit: str = ""
    n: int = 0
    """The most units of any row."""
    least: int = 0
    """The fewest."""
    higher_is_better: bool | None = True
    rows: list[Row] = field(default_factory=list)
    floor: float | None = None
    """The highest null that any of these rows was held to."""
    ceilings: set[float] = field(default_factory=set)
    baselines: dict[str, float] = field(default_factory=dict)
    absent: dict[str, str] = field(default_factory=dict)
    """Methods without a score here, with the status and the reason."""

    @property
    def ceiling(self) -> float | None:
        """The ceiling of all rows; None where each has its own, which only its details can tell."""
        return next(iter(self.ceilings)) if len(self.ceilings) == 1 else None

    @property
    def sample(self) -> str:
        """On how many of what."""
        fewest = f"{self.least:,} to " if 0 < self.least < self.n else ""
        return f"n = {fewest}{self.n:,} {self.unit}s"


def heading(there: Where) -> str:
    """A place in words."""
    return place(*there)


def where(cell: Cell) -> Where:
    return (cell.backend.name, cell.data.name, cell.site or "", cell.split, cell.variant)


def panels(cells: Sequence[Cell], bundled: Sequence[Cell] = ()) -> dict[Where, dict[str, Panel]]:
    """Panels by place and task, rows best first."""
    found: dict[Where, dict[str, Panel]] = {}
    for cell in cells:
        tasks = found.setdefault(where(cell), {})
        tasks.setdefault(cell.task.name, Panel(cell.task.name, cell.task.version))
    ran = {(where(cell), cell.method.name) for cell in cells}
    experiments = {experiment(cell) for cell in cells}
    beside = [
        cell
        for cell in bundled
        if (where(cell), cell.method.name) not in ran and experiment(cell) in experiments
    ]
    for group, is_bundled in ((cells, False), (beside, True)):
        for there, task, members in by_method(group):
            add(found[there][task], members, bundled=is_bundled)
    for tasks in found.values():
        for panel in tasks.values():
            sign = 1 if panel.higher_is_better is False else -1
            panel.rows.sort(key=lambda row: sign * row.value)
    return found


def by_method(cells: Sequence[Cell]) -> Iterator[tuple[Where, str, list[Cell]]]:
    """The seeds of each method, by place and task."""
    groups: dict[tuple[Where, str, str], list[Cell]] = {}
    for cell in cells:
        groups.setdefault((where(cell), cell.task.name, cell.method.name), []).append(cell)
    for (there, task, _), members in groups.items():
        yield there, task, members


def add(panel: Panel, members: list[Cell], *, bundled: bool) -> None:
    """Adds the row of one method, or why there is none; a truncated code is a row of its own."""
    scored = [cell for cell in members if cell.status == "scored"]
    if not scored:
        first = members[0]
        panel.absent[first.method.name] = f"{first.status.replace('_', ' ')}: {first.reason}"
        return
    for kind in dict.fromkeys(score.variant for cell in scored for score in cell.scores):
        mains = [s for cell in scored for s in cell.scores if s.main and s.variant == kind]
        row = combined(scored[0].method.name, kind, mains)
        method = scored[0].method
        patched = method.patched is not None
        row = replace(row, bundled=bundled, supervised=method.supervised, patched=patched)
        panel.rows.append(row)
        panel.higher_is_better = mains[0].higher_is_better
        limits(panel, mains)
        if not bundled:
            read_against(panel, mains[0], f"{row.method} " if patched else "")


def combined(method: str, kind: str, mains: Sequence[Score]) -> Row:
    """One row of one or several seeds."""
    first = mains[0]
    name = method if kind == "full" else f"{method} ({kind})"
    if len(mains) == 1:
        return Row(name, first.value, first.ci_low, first.ci_high, 1, of=method)
    summary = over_seeds([s.value for s in mains], [s.se or 0.0 for s in mains])
    wide = len(mains) == 2 and bool(summary.s_seed)
    low, high = within(mains, summary.low, summary.high)
    return Row(name, summary.value, low, high, len(mains), of=method, wide=wide)


def limits(panel: Panel, mains: Sequence[Score]) -> None:
    """Units, floor and ceilings, over every row that is shown."""
    for score in mains:
        if score.n is not None:
            panel.least = min(panel.least or score.n, score.n)
            panel.n = max(panel.n, score.n)
        if score.floor is not None:
            panel.floor = score.floor if panel.floor is None else max(panel.floor, score.floor)
        if score.ceiling is not None:
            panel.ceilings.add(round(score.ceiling, 9))


def read_against(panel: Panel, score: Score, of: str = "") -> None:
    """Metric and baselines, which are of the run's own rows.

    On a backend that a method patched they are of that method alone.
    """
    panel.metric, panel.unit = score.name, score.unit
    for reference in score.references:
        if reference.kind == "baseline":
            panel.baselines[f"{of}{reference.name}"] = reference.value


def bundled_cells(backends: Iterable[str] | None = None) -> tuple[Cell, ...]:
    """The reference rows that ship with the package, of some backends (canonical names) or all."""
    files = sorted(BUNDLED.glob(f"*{SUFFIX}"))
    if backends is not None:
        wanted = {bundle_file(BUNDLED, short(name)) for name in backends}
        files = [file for file in files if file in wanted]
    return tuple(cell for file in files for cell in read_bundle(file))


def panels_of(document: Document) -> dict[Where, dict[str, Panel]]:
    """Panels of a run beside the bundled rows that it may be compared with."""
    return panels(document.cells, bundled_cells({cell.backend.name for cell in document.cells}))
