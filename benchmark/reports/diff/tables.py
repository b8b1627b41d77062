"""A diff as tables: what both were run with, what fits gave, and numbers that changed."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from rich.table import Table

from benchmark.reports.compare.tables import p_in_words, scored_at, section, signed
from benchmark.reports.consoles import add, plain
from benchmark.reports.diff.records import Change, Fact, State
from benchmark.reports.numbers import number, span

DIGEST = 12
"""Characters of a digest that are shown."""
LONGEST = 32
"""Characters of any other value."""
WORDS: dict[State, str] = {
    "same": "the same",
    "beside": "beside it",
    "changed": "changed",
    "not significant": "not significant",
    "significant": "significant",
    "unjudged": "changed, n/a",
    "only": "in one alone",
}


def fact_table(facts: Sequence[Fact], methods: int, tasks: int) -> Table:
    """One row a field: from what to what, and in which cells."""
    table = plain()
    for name in ("field", "A", "B", "cells"):
        table.add_column(name, overflow="fold")
    for field, its in groupby(facts, lambda fact: fact.field):
        steps = list(its)
        more = f" and {len(steps) - 1} more" if len(steps) > 1 else ""
        cells = _where(steps, methods, tasks)
        add(table, field, value(steps[0].a), value(steps[0].b) + more, cells)
    return table


def value(content: Any) -> str:
    """What stands in a field, short enough for a column."""
    if content is None:
        return "–"
    if isinstance(content, float):
        return f"{content:.6g}"
    text = content if isinstance(content, str) else str(content).replace("'", "")
    if len(text) in (40, 64) and set(text) <= set("0123456789abcdef"):
        return text[:DIGEST]
    return text if len(text) <= LONGEST else f"{text[: LONGEST - 1]}…"


def _where(steps: Sequence[Fact], methods: int, tasks: int) -> str:
    """How many cells, of which methods and tasks where it is not all of them."""
    parts = [str(sum(fact.cells for fact in steps))]
    for names, every in (("methods", methods), ("tasks", tasks)):
        found = sorted({name for fact in steps for name in getattr(fact, names)})
        if len(found) < every:
            parts.append(", ".join(found))
    return " · ".join(parts)


def by_place(changes: Sequence[Change]) -> dict[str, list[Change]]:
    """Changes by where they were scored and over which seeds, tasks together."""
    found: dict[str, list[Change]] = {}
    for change in changes:
        found.setdefault(scored_at(change.where, change.seeds), []).append(change)
    return {at: sorted(its, key=_asked) for at, its in found.items()}


def _asked(change: Change) -> str:
    """Method and task, its version where it is not the first, and how codes were taken."""
    version = f" v{change.where.version}" if change.where.version > 1 else ""
    return section(f"{change.method} · {change.where.task}{version}", change.variant)


def change_table(changes: Sequence[Change], gap: int = 2) -> Table:
    """One place: both values, what B has more, its interval and p, and what that makes of it."""
    table = plain(gap)
    table.add_column("metric", overflow="fold")
    for name in ("A", "B", "B − A", "95 % interval", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("change", no_wrap=True)
    for asked, its in groupby(changes, _asked):
        add(table, asked, style="italic")
        for each in its:
            cells = [number(each.a), number(each.b), *_difference(each)]
            style = "bold" if each.main and each.state == "significant" else None
            add(table, each.metric, *cells, WORDS[each.state], style=style)
    return table


def _difference(each: Change) -> tuple[str, str, str]:
    """The difference, its interval and p; of what makes no pairs the limit it is held to."""
    if each.difference is None or each.state in ("same", "beside"):
        return "", "", ""
    apart = signed(each.difference)
    if each.limit is not None:
        return apart, "", f"{'>' if each.state == 'significant' else '≤'} {number(each.limit)}"
    if each.low is None or each.high is None:
        return apart, "", ""
    return apart, span(each.low, each.high) + "‡" * each.wide, p_in_words(each.p, each.p_holm)
