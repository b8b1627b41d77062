"""Whether backends agree on an order: Kendall's τ-b of tiers, never of values."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from benchmark.reports.compare.tables import in_tiers
from benchmark.reports.names import short
from benchmark.statistics import Refusal, kendall_tau
from leaderboards.board.tables import Table
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(11, "Agreement", "agreement.html", "whether one model's order holds on another")
Ranked = Mapping[str, int]
"""Tier by row."""


@dataclass(frozen=True)
class Agreed:
    """Two backends on one question."""

    tau: float | None
    n: int
    """Rows that are ranked on both."""
    reason: str
    """Why there is no τ."""

    @property
    def shade(self) -> str:
        """A class for its colour: in five steps from one order to its reverse."""
        if self.tau is None:
            return "none"
        steps = ((0.6, "much"), (0.2, "some"), (-0.2, "little"), (-0.6, "against"))
        return next((name for least, name in steps if self.tau >= least), "reversed")


@dataclass(frozen=True)
class Question:
    """One task: what is asked on every backend in the same version."""

    task: str
    metric: str
    version: int
    ranked: Mapping[str, Ranked]
    """By backend, in the order of the board."""

    def between(self, a: str, b: str) -> Agreed | None:
        """None where one of the two has no rows."""
        if a not in self.ranked or b not in self.ranked:
            return None
        first, second = self.ranked[a], self.ranked[b]
        n = len(first.keys() & second.keys())
        tau = kendall_tau(first, second)
        if isinstance(tau, Refusal):
            return Agreed(None, n, tau.reason)
        return Agreed(tau, n, "")


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    tables = {name: its[0] for name, its in facts.board.backends.items()}
    asked = list(questions(facts.board.tasks, tables))
    backends = [name for name in tables if any(name in each.ranked for each in asked)]
    pairs = list(combinations(backends, 2))
    rows = [(a, b, [each.between(a, b) for each in asked]) for a, b in pairs]
    known = [found for _, _, its in rows for found in its if found]
    taus = [found.tau for found in known if found.tau is not None]
    context = {
        "questions": asked,
        "rows": rows,
        "tables": tables,
        "orders": [(each, orders(each)) for each in asked],
        "n_known": len(taus),
        "n_much": sum(tau >= 0.6 for tau in taus),
        "n_against": sum(tau < 0 for tau in taus),
        "reasons": sorted({found.reason for found in known if found.reason}),
    }
    yield Page(NAV.path, "Do backends agree?", "agreement.html.j2", context, wide=True)


def questions(tasks: Sequence[str], tables: Mapping[str, Table]) -> Iterator[Question]:
    """Tasks that two backends at least have ranked rows of, in their newest version."""
    for task in tasks:
        columns = {name: c for name, table in tables.items() if (c := table.column(task))}
        version = max((column.pin.version for column in columns.values()), default=0)
        ranked: dict[str, Ranked] = {}
        for name, column in columns.items():
            tiers = tiers_of(tables[name], task)
            if column.pin.version == version and tiers:
                ranked[name] = tiers
        if len(ranked) > 1:
            metric = columns[next(iter(ranked))].metric
            yield Question(task, metric, version, ranked)


def tiers_of(table: Table, task: str) -> dict[str, int]:
    """Reference rows that are ranked, by name."""
    return {
        row.name: entry.tier
        for row in table.rows
        if not row.slug and (entry := row.entries.get(task)) and entry.tier
    }


def orders(question: Question) -> list[tuple[str, str]]:
    """Backend and its rows in words, best first."""
    return [(short(name), in_tiers(dict(found))) for name, found in question.ranked.items()]
