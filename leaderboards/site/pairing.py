"""Pairs of the rows of one table of the board: which shipped comparison answers for which two."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reports.compare.places import Where
from leaderboards import pairs
from leaderboards.board.places import Pin, Place
from leaderboards.board.tables import Column, Row, Table
from leaderboards.pairs import FULL, TRUNCATED, Pair


class Paired:
    """Comparisons within one place; only rows that are fresh are compared."""

    def __init__(self, table: Table, shipped: Sequence[pairs.Table]) -> None:
        self.table = table
        self.dense = {row.method for row in table.rows if row.codes != FULL}
        self.found = {
            (column.task, each.codes): each
            for column in table.columns
            for each in shipped
            if each.metric == column.metric and is_of(each.where, table.place, column)
        }

    def __bool__(self) -> bool:
        return bool(self.found)

    def of(self, column: Column, a: Row, b: Row) -> Pair | None:
        """a − b; None where nothing is known of the two."""
        found = self.within(column, a, b)
        return found.of(a.method, b.method) if found else None

    def within(self, column: Column, a: Row, b: Row) -> pairs.Table | None:
        """The shipped table that holds two rows: of truncated codes where one of them is cut.

        None for rows of submissions and stale ones, for two rows of one method, and where one is
        cut and the other is dense, which the budget keeps apart.
        """
        entries = [row.entries.get(column.task) for row in (a, b)]
        fresh = all(entry is not None and entry.fresh for entry in entries)
        if not fresh or a.slug or b.slug or a.method == b.method:
            return None
        cut = [row.codes != FULL for row in (a, b)]
        if not any(cut):
            return self.found.get((column.task, FULL))
        whole = [row.method for row, is_cut in zip((a, b), cut, strict=True) if not is_cut]
        if self.dense & set(whole):
            return None
        return self.found.get((column.task, TRUNCATED))


def is_of(where: Where, place: Place, column: Column) -> bool:
    """Whether a comparison is of this column: same place, same versions."""
    pin = Pin(where.version, where.data_revision, where.revision)
    there = (where.backend, where.data, where.split, where.variant, where.limit, where.centred)
    here = (place.backend, place.data, place.split, place.variant, place.limit, place.centred)
    sites = {place.site, "all sites"} if not place.site else {place.site}
    return (where.task, pin, there) == (column.task, column.pin, here) and where.site in sites


def best_row(table: Table, column: Column) -> Row | None:
    """The ranked reference row of the best mean; None where none is ranked."""
    sign = -1 if column.higher_is_better is False else 1
    ranked = [
        (sign * entry.value.value, row)
        for row in table.rows
        if not row.slug and (entry := row.entries.get(column.task)) and entry.tier
    ]
    return max(ranked, key=lambda each: each[0])[1] if ranked else None
