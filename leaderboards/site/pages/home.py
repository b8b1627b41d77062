"""The first page: what this is, which questions, where to go, and who stands on top."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from leaderboards.board.tables import Column, Row, Table
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Page, navigation
from leaderboards.site.pages.submit import STEPS

NAMED = 4
"""Rows of a first tier that are named before the rest is counted."""


@dataclass(frozen=True)
class First:
    """The first tier of a column."""

    table: Table
    column: Column
    rows: tuple[Row, ...]
    """Methods on top, best first; truncated codes only where the full ones are not. Empty where
    methods were scored and none is ranked, as on a metric of which more is not better."""
    n_scored: int
    """Rows that have a value."""

    def row_value(self, row: Row) -> float:
        """Its value in this column."""
        return row.entries[self.column.task].value.value


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    yield Page("index.html", "Home", "home.html.j2", context(facts), wide=True)


def context(facts: Facts) -> dict[str, Any]:
    """First tiers of every backend's first table, task by task; of backends that have any."""
    every = list(facts.board.backends.values())
    firsts = [[first_tier(its, task) for task in facts.board.tasks] for its in every]
    shown = [
        i for i, column in enumerate(firsts) if any(first and first.rows for first in column)
    ] or list(range(len(every)))
    tables = [every[i][0] for i in shown]
    names = {row.method for t in facts.board.tables for row in t.rows if row.lane == "reference"}
    return {
        "tables": [(table, facts.links.place(table.place)) for table in tables],
        "questions": [
            (task, facts.said.get(task), [firsts[i][row] for i in shown])
            for row, task in enumerate(facts.board.tasks)
        ],
        "named": NAMED,
        "n_methods": len(names),
        "n_submissions": len(facts.submissions),
        "n_backends": len(every),
        "ways": navigation(),
        "steps": STEPS,
    }


def first_tier(tables: Sequence[Table], task: str) -> First | None:
    """Who stands on top in the first of a backend's tables that ranks this task, else the first
    that has values of it; None for none.
    """
    found = [first for table in tables if (first := _on_top(table, task))]
    return next((first for first in found if first.rows), found[0] if found else None)


def _on_top(table: Table, task: str) -> First | None:
    column = table.column(task)
    if column is None:
        return None
    scored = [row for row in table.rows if task in row.entries]
    top = [
        row for row in scored if row.entries[task].tier == 1 and not row.entries[task].provisional
    ]
    full = {row.method for row in top if row.codes == "full"}
    kept = [row for row in top if row.codes == "full" or row.method not in full]
    sign = 1 if column.higher_is_better is False else -1
    kept.sort(key=lambda row: (sign * row.entries[task].value.value, row.key))
    return First(table, column, tuple(kept), len(scored)) if scored else None
