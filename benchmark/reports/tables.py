"""The table at the end of a run: every method between its floor and its baselines."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from rich.console import Console
from rich.table import Table

from benchmark.reports.consoles import fits, fitting, head, note, plain, wide
from benchmark.reports.details import details
from benchmark.reports.lineup import Line, lineup, row_of, value_of
from benchmark.reports.names import short
from benchmark.reports.numbers import interval, number
from benchmark.reports.panels import Panel, heading, panels_of
from benchmark.results import Cell, Document

SAW = "saw labels, the planted truth or answers about the pictures"
PATCHED = "replaces weights of the backend: its activations are those of the patched model"
BESIDE = 5
"""Bundled methods under each other in one task's table."""
TWO_SEEDS = "two seeds: interval wide by construction; use three or more"


def print_tables(document: Document, console: Console | None = None) -> None:
    """Details where one method was run, then one summary a place, then what does not apply."""
    console = console or wide()
    if len({(cell.method.name, cell.seed, cell.variant) for cell in document.cells}) == 1:
        print_details(document.cells, console)
    for place, tasks in panels_of(document).items():
        shown = [panel for panel in tasks.values() if panel.rows]
        if shown:
            head(console, heading(place))
            print_summary(shown, console)
            note(console, legend(shown))
        for line in absences(tasks):
            note(console, line)


def print_details(cells: Sequence[Cell], console: Console) -> None:
    """Every score of each cell, a table a task."""
    for cell in cells:
        if cell.status == "scored":
            method = f"{cell.method.name} · seed {cell.seed}"
            head(console, f"{method} · {short(cell.backend.name)} · {cell.task.name}")
            console.print(fitting(partial(details, cell), console), "")


def print_summary(shown: Sequence[Panel], console: Console) -> None:
    """Tasks side by side, or under each other where they would not fit."""
    table = summary(shown)
    if fits(table, console):
        console.print(table)
        return
    more = sum(each.bundled and each.kind == "method" for each in lineup(shown)) - BESIDE
    if more > 0:
        said = f"of bundled methods the {BESIDE} best of each task; {more} more are on the pages of"
        note(console, f"{said} `leaderboard build` and in `report`")
    for panel in shown:
        console.print(f"{panel.task}: {measure(panel)}", style="italic", markup=False)
        console.print(stacked(panel, shown))


def measure(panel: Panel, sep: str = ", ") -> str:
    """What is measured, on how many of what."""
    return f"{panel.metric}{sep}{panel.sample}"


def summary(shown: Sequence[Panel]) -> Table:
    """Rows are methods, controls and references; columns are the tasks' main scores."""
    table = plain()
    table.add_column("", no_wrap=True)
    for panel in shown:
        named = f"{panel.task}\n{measure(panel, chr(10))}"
        table.add_column(named, justify="right", no_wrap=True)
    for each, ends in sections(lineup(shown)):
        cells = [entry(panel, each) for panel in shown]
        table.add_row(each.label, *cells, style=style(each), end_section=ends)
    return table


def stacked(panel: Panel, shown: Sequence[Panel]) -> Table:
    """One task by itself, best first: names as wide as in every other task's table."""
    table = plain()
    table.show_header = False
    lines = lineup(shown)
    table.add_column(min_width=max(len(each.label) for each in lines), overflow="fold")
    table.add_column(no_wrap=True)
    for each in nearest(panel, lines):
        if entry(panel, each):
            table.add_row(each.label, entry(panel, each), style=style(each))
    return table


def nearest(panel: Panel, lines: Sequence[Line]) -> list[Line]:
    """The run's own lines among the best bundled ones, by this task; controls and references."""
    place = {row.method: i for i, row in enumerate(panel.rows)}
    methods = [each for each in lines if each.kind == "method"]
    methods.sort(key=lambda each: place.get(each.name, len(place)))
    best = [each.name for each in methods if each.bundled and each.name in place][:BESIDE]
    kept = [each for each in methods if not each.bundled or each.name in best]
    return kept + [each for each in lines if each.kind != "method"]


def sections(lines: Sequence[Line]) -> list[tuple[Line, bool]]:
    """Each line, and whether a rule follows: between methods, controls and references."""
    kinds = ["reference" if each.is_reference else each.kind for each in lines]
    return [(each, kinds[i] != (kinds + kinds[-1:])[i + 1]) for i, each in enumerate(lines)]


def style(each: Line) -> str | None:
    """What the run itself brought stands out."""
    return "dim" if each.is_reference else None if each.bundled else "bold"


def entry(panel: Panel, each: Line) -> str:
    """A line's value with its interval, n/a where a method has none, nothing for a reference."""
    if each.is_reference:
        return number(value_of(panel, each))
    row = row_of(panel, each)
    if row is None:
        return "n/a" if each.name in panel.absent else ""
    return interval(row.value, row.low, row.high) + ("‡" if row.wide else "")


def legend(shown: Sequence[Panel]) -> str:
    """What the marks that occur mean."""
    rows = [row for panel in shown for row in panel.rows]
    parts = [
        ("value [95 % interval]", True),
        ("* bundled reference row", any(row.bundled for row in rows)),
        (f"† supervised: {SAW}", any(row.supervised for row in rows)),
        (f"§ {PATCHED}", any(row.patched for row in rows)),
        ("×S over S seeds", any(row.seeds > 1 for row in rows)),
        (
            "floor: the highest null that any row was held to",
            any(p.floor is not None for p in shown),
        ),
    ]
    lines = ["; ".join(text for text, occurs in parts if occurs)]
    return "\n".join([*lines, *[f"‡ {TWO_SEEDS}"] * any(row.wide for row in rows)])


def absences(tasks: dict[str, Panel]) -> list[str]:
    """What has no score, and why, one line each."""
    return [
        f"{panel.task}: {method} {why}"
        for panel in tasks.values()
        for method, why in panel.absent.items()
    ]
