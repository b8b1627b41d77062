"""A page for every place of every backend, methods by tasks, and an index of backends."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benchmark.backends import MODULES
from benchmark.reports.names import short
from leaderboards.board.places import unlike
from leaderboards.board.tables import MARKS, Absent, Column, Entry, Row, Table
from leaderboards.site.drawing import STRIP, Scale, scale_of, strip
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

MANY = 300
"""Rows from which on self-reported ones have no drawing."""
NAV = Nav(1, "Backends", "backends/index.html", "methods by tasks, on one model")


@dataclass(frozen=True)
class Anchor:
    """A row of floors, ceilings or baselines."""

    name: str
    values: tuple[float | None, ...]


@dataclass(frozen=True)
class Line:
    """A row as its table shows it."""

    row: Row
    path: str
    said: tuple[str, ...]
    """What stands under its name beside its marks."""
    flags: str
    """What filters can leave out, comma between."""
    tasks: str
    """Numbers of the columns with a value."""
    cells: tuple[tuple[Entry | None, Markup | None, Absent | None], ...]


def make(facts: Facts) -> Iterator[Page]:
    """The index, then a page a place."""
    yield Page(NAV.path, "Backends", "backends.html.j2", {"groups": groups(facts)})
    for tables in facts.board.backends.values():
        for table in tables:
            where = f"{short(table.place.backend)} · {table.place.within}"
            path = facts.links.place(table.place)
            context = context_of(facts, table, tables)
            yield Page(path, where, "backend.html.j2", context, NAV.path, wide=True)


def groups(facts: Facts) -> list[dict[str, Any]]:
    """What the index says of each backend."""
    return [
        {
            "name": name,
            "summary": summary(name),
            "tables": [(table, facts.links.place(table.place)) for table in tables],
        }
        for name, tables in facts.board.backends.items()
    ]


def summary(backend: str) -> str:
    """What `ls backends` says of it."""
    name = backend if backend in MODULES else backend.partition(":")[0].partition("?")[0]
    return MODULES[name][1] if name in MODULES else ""


def context_of(facts: Facts, table: Table, tables: Sequence[Table]) -> dict[str, Any]:
    """Everything the page of one table shows."""
    lines = list(lines_of(facts, table))
    says = {c.task: facts.said.get(c.task) for c in table.columns}
    metric = {
        task: said.metric(c.metric) if (said := says[c.task]) else None
        for c in table.columns
        for task in [c.task]
    }
    marks = {mark for row in table.rows for mark in row.marks}
    return {
        "table": table,
        "summary": summary(table.place.backend),
        "about": about(table),
        "others": [(each.place, facts.links.place(each.place)) for each in tables],
        "anchors": anchors(table),
        "lines": lines,
        "columns": [(c, m.says if (m := metric[c.task]) else "") for c in table.columns],
        "lanes": sorted({row.lane for row in table.rows}),
        "kinds": kinds(lines),
        "shown_marks": [mark for mark in MARKS if mark in marks],
        "what_marks": MARKS,
        "stale": list(stale(table)),
        "absent": list(absent(table)),
    }


def about(table: Table) -> list[tuple[str, str]]:
    """The place in facts, from the latest cell of any row."""
    cells = [c for row in table.rows for its in row.cells.values() for c in its]
    if not cells:
        return [("site", table.place.within)]
    cell = max(cells, key=lambda each: (each.created or "", each.key))
    sizes = cell.data.sizes
    told = [
        f"{sizes[name]:,} {name.partition('/')[2]}"
        for name in ("evaluated/images", "evaluated/captions")
        if name in sizes
    ]
    site = table.place.site or "all sites"
    return [
        ("site", site),
        ("data", f"{short(table.place.data)}, {table.place.split} split" + table.place.more),
        *([("scored on", " and ".join(told))] if told else []),
        *([("activations", cell.backend.dtype)] if cell.backend.dtype else []),
        ("revision", cell.backend.revision[:12]),
        *([("licence", cell.data.licence)] if cell.data.licence else []),
    ]


def anchors(table: Table) -> list[Anchor]:
    """Ceiling, baselines and floor, where a column has them."""
    names = dict.fromkeys(name for column in table.columns for name in column.baselines)
    every = [
        Anchor("ceiling", tuple(column.ceiling for column in table.columns)),
        *(
            Anchor(f"baseline: {n}", tuple(c.baselines.get(n) for c in table.columns))
            for n in names
        ),
        Anchor("floor", tuple(column.floor for column in table.columns)),
    ]
    return [each for each in every if any(value is not None for value in each.values)]


def lines_of(facts: Facts, table: Table) -> Iterator[Line]:
    """Rows with what a template would have to compute."""
    scales = [strips(table, column) for column in table.columns]
    many = len(table.rows) > MANY
    for row in table.rows:
        cells = []
        for column, scale in zip(table.columns, scales, strict=True):
            entry = row.entries.get(column.task)
            drawn = strip(entry.value, scale) if entry and is_drawn(row, entry, many) else None
            cells.append((entry, drawn, row.absent.get(column.task)))
        tasks = " ".join(str(i) for i, (entry, _, _) in enumerate(cells) if entry)
        seeds = f"{row.n_seeds} seed{'s' * (row.n_seeds != 1)}"
        said = (row.slug,) if row.slug else ()
        kind = ("control",) if row.kind == "control" else ()
        flags = ",".join([*kind, *row.marks])
        yield Line(row, facts.links.row(row), (*said, seeds, *kind), flags, tasks, tuple(cells))


def is_drawn(row: Row, entry: Entry, many: bool) -> bool:
    """Whether its seeds are drawn: a thousand drawings would keep a page from sorting at once."""
    return len(entry.value.seeds) > 1 and not (many and row.lane == "self-reported")


def strips(table: Table, column: Column) -> Scale:
    """The scale of a column's strips: that of ranked rows, of all where none is."""
    entries = [entry for row in table.rows if (entry := row.entries.get(column.task))]
    ranked = [entry.value for entry in entries if entry.tier]
    return scale_of(ranked or [entry.value for entry in entries], (), STRIP[0])


def kinds(lines: Sequence[Line]) -> list[tuple[str, str]]:
    """Kinds of rows that can be left out, those that occur."""
    found = {flag for line in lines for flag in line.flags.split(",") if flag}
    labels = {"control": "controls", "supervised": "supervised", "truncated": "truncated codes"}
    labels |= {"patched": "patched", "dense map": "dense maps", "uncut map": "uncut maps"}
    labels |= {"two seeds": "two seeds", "stale": "stale"}
    return [(kind, label) for kind, label in labels.items() if kind in found]


def stale(table: Table) -> Iterator[tuple[str, str, str]]:
    """Row, task and reason of every value that is not ranked for its age."""
    for row in table.rows:
        for column in table.columns:
            entry = row.entries.get(column.task)
            if entry and not entry.fresh:
                yield row.key, column.task, unlike(entry.pin, column.pin)


def absent(table: Table) -> Iterator[tuple[str, str, Absent]]:
    """Row, task and reason of every score that is missing."""
    for row in table.rows:
        if row.codes == "full":
            for task, why in row.absent.items():
                yield row.key, task, why
