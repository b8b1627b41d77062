"""A page for every task: its question and protocol, what it is read against, and all its rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from leaderboards.board.places import task_order
from leaderboards.board.secondary import means, reference_rows
from leaderboards.board.tables import MARKS, Column, Entry, Row, Table
from leaderboards.metrics import TaskSays
from leaderboards.site import docs
from leaderboards.site.axes import rounds, text
from leaderboards.site.drawing import PLOT, Scale, plot, scale_of
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(2, "Tasks", "tasks/index.html", "what is asked, how, and all rows on a plot")
MANY = 150
"""Rows from which on self-reported ones are on the page of their backend alone."""
KINDS = {
    "null": "what no method should stay under",
    "baseline": "there to compare with; a method may beat it",
    "ceiling": "what none can pass",
}


@dataclass(frozen=True)
class Line:
    """A row of the forest plot."""

    row: Row
    entry: Entry
    path: str
    drawn: Markup


@dataclass(frozen=True)
class Forest:
    """One place of a task."""

    table: Table
    column: Column
    path: str
    lines: tuple[Line, ...]
    ticks: tuple[tuple[int, str], ...]
    """Places on the axis with their numbers."""
    names: tuple[str, ...]
    """All metrics, the main one first."""
    means: Mapping[str, Mapping[str, float]]
    left_out: int
    """Self-reported rows that are too many to be drawn."""


def make(facts: Facts) -> Iterator[Page]:
    """The index, then a page a task."""
    names = sorted({*facts.tasks, *facts.board.tasks}, key=task_order)
    rows = [
        (name, facts.said.get(name), facts.links.task(name), _doc(facts, name)) for name in names
    ]
    yield Page(NAV.path, "Tasks", "tasks.html.j2", {"rows": rows})
    for name in names:
        yield Page(facts.links.task(name), name, "task.html.j2", of_task(facts, name), NAV.path)


def _doc(facts: Facts, name: str) -> docs.Doc:
    entry = facts.tasks.get(name)
    return docs.read(entry.path, entry.class_name) if entry else docs.Doc()


def of_task(facts: Facts, name: str) -> dict[str, Any]:
    """Everything its page shows."""
    said, entry = facts.said.get(name), facts.tasks.get(name)
    places = [(table, c) for table in facts.board.tables if (c := table.column(name))]
    firsts = {table.place.backend: (table, c) for table, c in reversed(places)}
    forests = [forest(facts, *firsts[backend]) for backend in reversed(firsts)]
    marks = {mark for each in forests for line in each.lines for mark in line.row.marks}
    return {
        "name": name,
        "said": said,
        "doc": _doc(facts, name),
        "needs": [need.lower().replace("_", " ") for need in entry.needs] if entry else [],
        "named_only": bool(entry and entry.named_only),
        "references": said.references if said else (),
        "kinds": KINDS,
        "forests": forests,
        "audits": audits_of(facts, name),
        "older": older(said, forests),
        "places": [(table.place, c, facts.links.place(table.place)) for table, c in places],
        "matrix": matrix(facts, [table for table, _ in places], name),
        "marks": [mark for mark in MARKS if mark in marks],
        "what_marks": MARKS,
    }


def older(said: TaskSays | None, forests: list[Forest]) -> list[Forest]:
    """Places whose freshest rows are of an older version than the task has now."""
    return [each for each in forests if said and each.column.pin.version < said.version]


def audits_of(facts: Facts, name: str) -> list[Mapping[str, Any]]:
    """Main metrics first, then those that failed."""
    its = [each for each in facts.audited if each["task"] == name]
    kept = [each for each in its if each["main"] or each["verdict"] == "unreliable"]
    return sorted(kept, key=lambda each: (not each["main"], each["backend"], each["metric"]))


def forest(facts: Facts, table: Table, column: Column) -> Forest:
    """One place: rows best first, each between the column's floor and ceiling."""
    found = [(row, row.entries[column.task]) for row in table.rows if column.task in row.entries]
    sign = 1 if column.higher_is_better is False else -1
    found.sort(key=lambda each: (not each[1].fresh, sign * each[1].value.value, each[0].key))
    left_out = 0
    if len(found) > MANY:
        trusted = [each for each in found if each[0].lane != "self-reported"]
        found, left_out = trusted, len(found) - len(trusted)
    fresh = [entry.value for _, entry in found if entry.fresh]
    scale = scale_of(fresh, (column.floor, column.ceiling), PLOT[0])
    lines = [
        Line(row, entry, facts.links.row(row), plot(entry, column, scale)) for row, entry in found
    ]
    names, values = means(reference_rows(table), column.task)
    return Forest(
        table,
        column,
        facts.links.place(table.place),
        tuple(lines),
        tuple(ticks(scale)),
        tuple(names),
        values,
        left_out,
    )


def ticks(scale: Scale) -> list[tuple[int, str]]:
    """Round numbers within a scale, about five."""
    values = rounds(scale.low, scale.high)
    return [(scale(value), text(value, values)) for value in values]


def matrix(facts: Facts, tables: list[Table], task: str) -> list[tuple[str, str, list[Any]]]:
    """Every row over all places, where there are many the reference rows; nothing of one place."""
    if len(tables) < 2:
        return []
    entries: dict[str, list[Entry | None]] = {}
    paths: dict[str, str] = {}
    many = sum(len(table.rows) for table in tables) > MANY
    for at, table in enumerate(tables):
        for row in reference_rows(table) if many else table.rows:
            if (entry := row.entries.get(task)) is not None:
                entries.setdefault(row.key, [None] * len(tables))[at] = entry
                paths[row.key] = facts.links.row(row)
    return [(key, paths[key], its) for key, its in sorted(entries.items())]
