"""Comparisons as rich tables."""

from __future__ import annotations

from rich.table import Table

from benchmark.reports.compare.backends import Across
from benchmark.reports.compare.verdicts import Compared, Comparison, number


def comparison_tables(comparison: Comparison, *, main_only: bool = False) -> list[Table]:
    """One table a place, main metrics first; others are marked as not adjusted."""
    found: dict[tuple[str, ...], list[Compared]] = {}
    for row in comparison.rows:
        if row.main or not main_only:
            found.setdefault(_place(row), []).append(row)
    return [_table(comparison, place, rows) for place, rows in found.items()]


def _place(row: Compared) -> tuple[str, ...]:
    """What tells the tables apart: version and revision too, where two would read the same."""
    w = row.where
    limit = (f"first {w.limit}",) if w.limit else ()
    centred = ("centred",) if w.centred else ()
    version = f"{w.task} v{w.version}"
    return (w.backend, w.site, version, f"{w.data}/{w.split}", w.variant, *limit, *centred)


def _table(comparison: Comparison, place: tuple[str, ...], rows: list[Compared]) -> Table:
    table = Table(title=" · ".join(place), title_justify="left")
    table.add_column("metric")
    for name in (comparison.a, comparison.b, "seeds", "p"):
        table.add_column(name, justify="right")
    table.add_column("verdict", overflow="fold")
    for row in rows:
        name = row.metric if row.variant == "full" else f"{row.metric} ({row.variant})"
        seeds = str(len(row.seeds))
        cells = [number(row.a), number(row.b), seeds, _p(row), row.verdict]
        table.add_row(f"[bold]{name}[/bold]" if row.main else name, *cells)
    return table


def _p(row: Compared) -> str:
    """Holm's p for main metrics; in brackets, unadjusted, for the others: they explore."""
    if row.p_holm is not None:
        return f"{row.p_holm:.2g}"
    return "–" if row.p is None else f"({row.p:.2g})"


def across_table(across: Across) -> Table:
    """Tiers on both backends and how far they agree."""
    table = Table(title=" and ".join(across.backends), title_justify="left")
    for name in ("task", "metric", *(f"tiers on {b}" for b in across.backends), "Kendall τ"):
        table.add_column(name, overflow="fold")
    for row in across.rows:
        tau = f"{row.tau:+.2f}" if row.tau is not None else f"none: {row.reason}"
        metric = row.metric if row.variant == "full" else f"{row.metric} ({row.variant})"
        table.add_row(row.task, metric, in_tiers(row.first), in_tiers(row.second), tau)
    return table


def in_tiers(found: dict[str, int]) -> str:
    """Methods best first: `a, b > c` where a and b are not told apart."""
    groups: dict[int, list[str]] = {}
    for name, tier in found.items():
        groups.setdefault(tier, []).append(name)
    return " > ".join(", ".join(sorted(groups[tier])) for tier in sorted(groups))
