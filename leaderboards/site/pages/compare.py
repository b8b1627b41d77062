"""Two methods on the same units, a page a place: chosen by hand, or each against the best."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations
from statistics import median
from typing import Any

from benchmark.reports.compare.seeds import REASONS
from benchmark.reports.names import short
from leaderboards.board.tables import Column, Entry, Row, Table
from leaderboards.pairs import Pair
from leaderboards.pairs.families import COLUMN, holm_over
from leaderboards.site.embedding import embedded
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page
from leaderboards.site.pairing import Paired, best_row

NAV = Nav(10, "Compare", "compare/index.html", "any two methods, paired on the same units")
P_STEPS = 100_000
"""p is sent in whole hundred-thousandths."""
LEVEL = 0.05


def make(facts: Facts) -> Iterator[Page]:
    """A page a place that has pairs, the first of them as the index."""
    found = [(table, Paired(table, facts.pairs)) for table in facts.board.tables]
    found = [(table, paired) for table, paired in found if paired]
    names = [facts.links.place(table.place).rpartition("/")[2] for table, _ in found]
    paths = [NAV.path, *(f"compare/{name}" for name in names[1:])][: len(found)]
    places = [(label(table), path) for (table, _), path in zip(found, paths, strict=True)]
    for (table, paired), path in zip(found, paths, strict=True):
        context = context_of(facts, table, paired) | {"places": places, "path": path}
        yield Page(path, f"Compare on {label(table)}", "compare.html.j2", context, NAV.path)
    if not found:
        yield Page(NAV.path, "Compare", "compare.html.j2", {"table": None, "places": []})


def label(table: Table) -> str:
    """What the list of places calls it."""
    return f"{short(table.place.backend)} · {table.place.within}"


def context_of(facts: Facts, table: Table, paired: Paired) -> dict[str, Any]:
    """What the page of one place shows."""
    rows = [
        row for row in table.rows if not row.slug and any(e.fresh for e in row.entries.values())
    ]
    columns = [column for column in table.columns if column_is_paired(paired, column)]
    bests = {column.task: best_row(table, column) for column in columns}
    return {
        "table": table,
        "backend_path": facts.links.place(table.place),
        "rows": [(row, facts.links.row(row)) for row in rows],
        "start": start(rows, columns),
        "columns": [(column, bests[column.task]) for column in columns],
        "matrix": matrix(paired, rows, columns, bests),
        "family": COLUMN,
        "data": embedded(data_of(facts, paired, rows, columns)),
    }


def column_is_paired(paired: Paired, column: Column) -> bool:
    return any(task == column.task for task, _ in paired.found)


def start(rows: Sequence[Row], columns: Sequence[Column]) -> tuple[int, int]:
    """The two rows that are shown first: of most first tiers, and not one method cut."""

    def firsts(row: Row) -> int:
        return sum(e.tier == 1 for c in columns if (e := row.entries.get(c.task)))

    order = sorted(range(len(rows)), key=lambda i: (-firsts(rows[i]), -len(rows[i].entries), i))
    others = [i for i in order[1:] if rows[i].method != rows[order[0]].method]
    return order[0], others[0] if others else order[-1]


def matrix(
    paired: Paired,
    rows: Sequence[Row],
    columns: Sequence[Column],
    bests: dict[str, Row | None],
) -> list[list[dict[str, Any] | None]]:
    """row − best of every column, with Holm's p over the column; a list a row."""
    found: dict[str, list[dict[str, Any] | None]] = {row.key: [] for row in rows}
    for column in columns:
        best = bests[column.task]
        against = {row.key: pair for row in rows if best and (pair := paired.of(column, row, best))}
        adjusted = holm_over(against)
        for row in rows:
            entry = row.entries.get(column.task)
            is_best = best is not None and row.key == best.key
            pair = against.get(row.key)
            found[row.key].append(cell(entry, pair, adjusted.get(row.key), is_best=is_best))
    return [found[row.key] for row in rows]


def cell(
    entry: Entry | None, pair: Pair | None, p: float | None, *, is_best: bool
) -> dict[str, Any] | None:
    """One entry of the table against the best; None where the row has no value."""
    if entry is None:
        return None
    refused = REASONS[pair.refused] if pair and pair.refused else ""
    same = pair is not None and pair.difference == pair.low == pair.high == 0
    return {
        "entry": entry,
        "best": is_best,
        "pair": pair if pair and pair.difference is not None else None,
        "p": p,
        "apart": p is not None and p <= LEVEL and not same,
        "refused": refused,
    }


def data_of(
    facts: Facts, paired: Paired, rows: Sequence[Row], columns: Sequence[Column]
) -> dict[str, Any]:
    """What the script needs: names, values, tiers, and all pairs in whole numbers."""
    return {
        "rows": [
            {"name": row.name, "path": facts.links.row(row), "marks": marks(row)} for row in rows
        ],
        "columns": [column_data(facts, paired, rows, column) for column in columns],
        "reasons": REASONS,
        "level": LEVEL,
        "steps": P_STEPS,
    }


def marks(row: Row) -> list[str]:
    return [*(["control"] if row.kind == "control" else []), *row.marks]


def column_data(
    facts: Facts, paired: Paired, rows: Sequence[Row], column: Column
) -> dict[str, Any]:
    """One column: five numbers a pair, rows i < j in order: difference, ends, p, and over what."""
    pairs = [paired.of(column, a, b) for a, b in combinations(rows, 2)]
    places = digits(pairs)
    over: list[Any] = []
    flat: list[int] = []
    for pair in pairs:
        if pair is None:
            flat += [0, 0, 0, 0, -1]
            continue
        what = pair.refused or [pair.n, list(pair.seeds)]
        if what not in over:
            over.append(what)
        ends = (pair.difference or 0.0, pair.low or 0.0, pair.high or 0.0)
        flat += [round(end * 10**places) for end in ends]
        flat += [round((pair.p or 0.0) * P_STEPS), over.index(what)]
    entries = [row.entries.get(column.task) for row in rows]
    return {
        "task": column.task,
        "path": facts.links.task(column.task),
        "metric": column.metric,
        "unit": column.unit,
        "up": column.higher_is_better,
        "doubt": column.doubt,
        "values": [None if e is None else float(f"{e.value.value:.5g}") for e in entries],
        "tiers": [e.tier if e and not e.provisional else None for e in entries],
        "scale": 10**places,
        "over": over,
        "pairs": flat,
    }


def digits(pairs: Sequence[Pair | None]) -> int:
    """Decimals that show two digits of nearly every interval's width."""
    widths = sorted(
        pair.high - pair.low
        for pair in pairs
        if pair and pair.low is not None and pair.high is not None and pair.high > pair.low
    )
    if not widths:
        return 4
    small = max(widths[len(widths) // 10], median(widths) / 1000)
    return min(9, max(0, 1 - math.floor(math.log10(small))))
