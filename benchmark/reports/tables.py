"""The table at the end of a run: every method between its floor and its baselines."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table

from benchmark.reports.panels import Panel, Row, heading, panels_of
from benchmark.results import Cell, Document, Score

PIPE_WIDTH = 140
LEGEND = "value [95 % interval]; * bundled reference row, † supervised, ×S over S seeds"


def print_tables(document: Document, console: Console | None = None) -> None:
    """Details where one method was run, then one summary a place, then what does not apply."""
    console = console or wide()
    if len({(cell.method.name, cell.seed, cell.variant) for cell in document.cells}) == 1:
        for cell in document.cells:
            if cell.status == "scored":
                console.print(details(cell))
    for place, tasks in panels_of(document).items():
        if any(panel.rows for panel in tasks.values()):
            console.print(heading(place), style="italic", markup=False)
            console.print(summary(tasks))
            console.print(LEGEND, style="dim", highlight=False)
        for line in absences(tasks):
            console.print(line, style="dim", highlight=False, markup=False)


def wide(*, stderr: bool = True) -> Console:
    """The terminal; a file or a pipe gets lines of its own width, not of eighty columns."""
    console = Console(stderr=stderr, highlight=False)
    if console.is_terminal:
        return console
    return Console(stderr=stderr, highlight=False, width=PIPE_WIDTH)


def summary(tasks: dict[str, Panel]) -> Table:
    """Rows are methods, columns are the tasks' main scores."""
    shown = {name: panel for name, panel in tasks.items() if panel.rows}
    table = Table()
    table.add_column("", no_wrap=True)
    for panel in shown.values():
        table.add_column(f"{panel.task}\n{panel.metric}\nn = {panel.n:,}", justify="right")
    edge(table, "ceiling", [number(panel.ceiling) for panel in shown.values()])
    for name in ordered(shown.values()):
        cells = [entry(panel, name) for panel in shown.values()]
        mine = any(row.method == name and not row.bundled for p in shown.values() for row in p.rows)
        table.add_row(label(name, shown.values()), *cells, style="bold" if mine else None)
    for name in dict.fromkeys(name for panel in shown.values() for name in panel.baselines):
        edge(table, name, [number(panel.baselines.get(name)) for panel in shown.values()])
    edge(table, "floor", [number(panel.floor) for panel in shown.values()])
    return table


def edge(table: Table, name: str, values: list[str]) -> None:
    """A line that is no method; left out where it says nothing."""
    if any(values):
        table.add_row(f"— {name}", *values, style="dim")


def ordered(shown: Iterable[Panel]) -> list[str]:
    """Method names, those of the first task's best first."""
    return list(dict.fromkeys(row.method for panel in shown for row in panel.rows))


def label(name: str, shown: Iterable[Panel]) -> str:
    """The method's name with its marks."""
    rows = [row for panel in shown for row in panel.rows if row.method == name]
    marks = ("*" if rows[0].bundled else "") + ("†" if rows[0].supervised else "")
    seeds = f" ×{rows[0].seeds}" if rows[0].seeds > 1 else ""
    return f"{name}{seeds} {marks}".strip()


def entry(panel: Panel, name: str) -> str:
    """A method's value with its interval, or n/a."""
    rows = [row for row in panel.rows if row.method == name]
    return interval(rows[0]) if rows else "n/a" if name in panel.absent else ""


def interval(row: Row | Score) -> str:
    """`.412 [.398, .427]`."""
    low, high = (row.low, row.high) if isinstance(row, Row) else (row.ci_low, row.ci_high)
    ends = "" if low is None or high is None else f" [{number(low)}, {number(high)}]"
    return f"{number(row.value)}{ends}"


def number(value: float | None) -> str:
    """Three decimals; a wide number keeps its size."""
    if value is None:
        return ""
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.1f}"


def details(cell: Cell) -> Table:
    """Every score of one cell beside its references."""
    version = f"{cell.task.name} {cell.task.version}"
    table = Table(title=f"{cell.method.name} · {version} · seed {cell.seed}", title_justify="left")
    for name in ("score", "value [95 %]", "floor", "baselines", "ceiling", "n"):
        left = name in ("score", "baselines")
        table.add_column(name, justify="left" if left else "right", no_wrap=name != "baselines")
    for score in cell.scores:
        baselines = [
            f"{r.name} {number(r.value)}" for r in score.references if r.kind == "baseline"
        ]
        name = score.name if score.variant == "full" else f"{score.name} ({score.variant})"
        table.add_row(
            name,
            interval(score),
            number(score.floor),
            ", ".join(baselines),
            number(score.ceiling),
            f"{score.n:,} {score.unit}s",
            style="bold" if score.main else None,
        )
    return table


def absences(tasks: dict[str, Panel]) -> list[str]:
    """What has no score, and why, one line each."""
    return [
        f"{panel.task}: {method} {why}"
        for panel in tasks.values()
        for method, why in panel.absent.items()
    ]
