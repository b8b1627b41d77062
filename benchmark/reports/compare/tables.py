"""Comparisons as tables: one a place, a section a task, a row a metric."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.table import Table

from benchmark.reports.compare.backends import Across
from benchmark.reports.compare.places import Where
from benchmark.reports.compare.verdicts import LEVEL, Compared, Comparison, better
from benchmark.reports.consoles import add, plain
from benchmark.reports.names import place, short
from benchmark.reports.numbers import number, span

LETTERS = ("A", "B")
"""What the methods are called where their names leave no room for the numbers."""


def shown_rows(comparison: Comparison, *, every: bool) -> list[Compared]:
    """Main metrics, or all of them."""
    return [row for row in comparison.rows if row.main or every]


def by_place(rows: Sequence[Compared]) -> dict[str, list[Compared]]:
    """Rows by where they were scored and over which seeds, in words."""
    found: dict[str, list[Compared]] = {}
    for row in rows:
        found.setdefault(scored_at(row.where, row.seeds), []).append(row)
    return found


def scored_at(where: Where, seeds: Sequence[int]) -> str:
    """A place and seeds in words, without the task."""
    limit = [f"first {where.limit}"] if where.limit else []
    centred = ["centred"] if where.centred else []
    over = f"seed{'s' * (len(seeds) > 1)} {', '.join(map(str, seeds))}"
    named = place(where.backend, where.data, where.site, where.split, where.variant)
    return " · ".join([named, *limit, *centred, over])


def comparison_table(
    comparison: Comparison, rows: Sequence[Compared], *, letters: bool = False, gap: int = 2
) -> Table:
    """One place: both values, the difference with its interval and p, and which is better."""
    a, b = LETTERS if letters else (comparison.a, comparison.b)
    table = plain(gap)
    table.add_column("metric", overflow="fold")
    for name in (a, b, f"{a} − {b}" if letters else "difference", "95 % interval", "p"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("better", no_wrap=True)
    for task, its_rows in groupby(rows, task_of):
        add(table, task, style="italic")
        for row in its_rows:
            cells = [number(row.a), number(row.b), *difference(row), p_of(row)]
            verdict = better(row, a, b, level=LEVEL)
            add(table, row.metric, *cells, verdict, style="bold" if row.main else None)
    return table


def task_of(row: Compared) -> str:
    """The task, its version where it is not the first, and how codes were taken."""
    version = f" v{row.where.version}" if row.where.version > 1 else ""
    return section(f"{row.where.task}{version}", row.variant)


def section(task: str, variant: str) -> str:
    """What stands over the metrics of a task."""
    return f"{task}:" if variant == "full" else f"{task}, {variant}:"


def difference(row: Compared) -> tuple[str, str]:
    """The difference with its sign, and its interval; nothing where there are no pairs."""
    if row.refused or row.low is None or row.high is None:
        return "", ""
    return signed(row.difference), span(row.low, row.high) + ("‡" if row.wide else "")


def signed(value: float) -> str:
    """A difference as people read it."""
    size = number(value)
    return f"+{size}" if value > 0 and size != "0.000" else size


def p_of(row: Compared) -> str:
    """Holm's p for main metrics; in parentheses, not adjusted, for the others: they explore."""
    return "" if row.refused else p_in_words(row.p, row.p_holm)


def p_in_words(p: float | None, p_holm: float | None) -> str:
    """p adjusted, or in parentheses as it is; nothing where there is none."""
    told = p if p_holm is None else p_holm
    if told is None:
        return ""
    said = "<0.001" if told < 0.001 else f"{told:.3f}"
    return f"({said})" if p_holm is None else said


def across_table(across: Across) -> Table:
    """Tiers on both backends and how far they agree."""
    table = plain()
    table.add_column("metric", no_wrap=True)
    for backend in across.backends:
        table.add_column(f"tiers on {short(backend)}", overflow="fold")
    table.add_column("Kendall τ", overflow="fold")
    for row in across.rows:
        tau = f"{row.tau:+.2f}" if row.tau is not None else f"none: {row.reason}"
        add(table, section(row.task, row.variant), style="italic")
        add(table, row.metric, in_tiers(row.first), in_tiers(row.second), tau, style="bold")
    return table


def in_tiers(found: dict[str, int]) -> str:
    """Methods best first: `a, b > c` where a and b are not told apart."""
    groups: dict[int, list[str]] = {}
    for name, tier in found.items():
        groups.setdefault(tier, []).append(name)
    return " > ".join(", ".join(sorted(groups[tier])) for tier in sorted(groups))
