"""The grid as a table, and what was chosen from it in lines."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from benchmark.reports.consoles import fitting, head, note, plain, wide
from benchmark.reports.numbers import interval
from benchmark.reports.panels import Row, heading
from benchmark.reports.tables import TWO_SEEDS
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.grid import word
from benchmark.sweeps.reading import Read, Reading


def print_reading(asked: GridRequest, reading: Reading, console: Console | None = None) -> None:
    """A table of one place with how to read it."""
    console = console or wide()
    head(console, f"{asked.method.name} · {heading(reading.where)}")
    console.print(fitting(lambda gap: table(asked, reading, gap), console))
    for line in legend(asked, reading):
        note(console, line)


def table(asked: GridRequest, reading: Reading, gap: int = 2) -> Table:
    """A row a point: its fields, the metrics over seeds, and what the rule made of it."""
    made = plain(gap)
    for name in asked.grid:
        made.add_column(name, justify="right", no_wrap=True)
    for axis in asked.axes.every:
        made.add_column(axis.titled, justify="right", no_wrap=True)
    made.add_column("l0", justify="right", no_wrap=True)
    made.add_column("", no_wrap=True)
    for each in reading.points:
        fields = [word(value) for value in each.point.values.values()]
        scores = [entry(each, axis) for axis in asked.axes.every]
        l0 = " / ".join(f"{value:.1f}" for value in each.standing.l0().values())
        made.add_row(*fields, *scores, l0, marks(each), style=style(each))
    return made


def entry(each: Read, axis: Axis) -> str:
    """A mean in its interval; nothing where there is none."""
    if not each.standing.scores(axis):
        return ""
    row: Row = each.standing.mean(axis)
    return interval(row.value, row.low, row.high) + ("‡" if row.wide else "")


def style(each: Read) -> str | None:
    """What was chosen stands out, what could not be stays back."""
    return "bold" if each.chosen else None if each.keeps else "dim"


def marks(each: Read) -> str:
    """What the rule made of a point, in words."""
    words = [
        ("chosen", each.chosen),
        ("default", each.point.is_default),
        ("not on the grid", not each.point.on_grid),
        ("frontier", each.on_frontier),
        ("beyond --keep", not each.keeps and each.missing is None and each.point.on_grid),
        (each.missing.partition(":")[0] if each.missing else "", each.missing is not None),
    ]
    return ", ".join(text for text, holds in words if holds)


def legend(asked: GridRequest, reading: Reading) -> list[str]:
    """How to read the table."""
    every = [each.standing for each in reading.points]
    rows = [each.mean(axis) for each in every for axis in asked.axes.every if each.scores(axis)]
    cut = any(each.cut(asked.axes.every) for each in every)
    seeds = asked.request.seeds
    parts = [
        (f"mean over seeds {', '.join(map(str, seeds))} [95 % interval]", len(seeds) > 1),
        ("value [95 % interval]", len(seeds) == 1),
        ("codes cut to their k strongest latents", cut),
        ("l0: active latents of images / texts, uncut", True),
    ]
    lines = ["; ".join(text for text, occurs in parts if occurs)]
    lines += [
        "frontier: no other point of the grid is at least as good in both means, better in one"
    ]
    lines += [f"‡ {TWO_SEEDS}"] * any(row.wide for row in rows)
    return lines + [f"{e.point.label}: {e.missing}" for e in reading.points if e.missing]
