"""What stands under a comparison: how to read p and the interval, and what was not compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.reports.compare.verdicts import (
    LEVEL,
    NEITHER,
    NOT_COMPARED,
    UNRESOLVED,
    Compared,
    Comparison,
    better,
)
from benchmark.reports.tables import TWO_SEEDS


def footer(comparison: Comparison, shown: Sequence[Compared]) -> Iterator[str]:
    """Lines on how to read the tables of these rows."""
    family = sum(row.p_holm is not None for row in comparison.rows)
    others = len(comparison.rows) - len(shown)
    yield (
        f"p: paired, two-sided, adjusted by Holm over one family, all main metrics of this "
        f"comparison ({family}); the 95 % interval of the difference is not adjusted"
    )
    if any(row.p_holm is None and row.p is not None for row in shown):
        yield "(p) in parentheses: in no family, not adjusted; to explore with, not to claim by"
    yield from words(comparison, shown)
    if any(len(row.seeds) == 1 for row in shown):
        yield "one seed: the interval holds items alone, not what another seed would change"
    if any(row.wide for row in shown):
        yield f"‡ {TWO_SEEDS}"
    yield from refusals(shown)
    if others:
        yield f"main metrics only: --all adds the other {others}, their p in parentheses"


def words(comparison: Comparison, shown: Sequence[Compared]) -> Iterator[str]:
    """What stands under `better` where no name does."""
    found = {better(row, comparison.a, comparison.b, level=LEVEL) for row in shown}
    meaning = {
        UNRESOLVED: f"where p is not under {1 - LEVEL:.2g}: no difference resolved",
        "same": "where equal on every unit",
        NEITHER: "where they differ in a metric that has no better end",
    }
    said = [f"{word} {meant}" for word, meant in meaning.items() if word in found]
    if said:
        yield f"better: {'; '.join(said)}"


def refusals(shown: Sequence[Compared]) -> Iterator[str]:
    """What was not compared, metrics of one reason together."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in shown:
        if row.refused:
            reasons.setdefault((row.where.task, row.refused), []).append(row.metric)
    for (task, reason), metrics in reasons.items():
        named = ", ".join(dict.fromkeys(metrics))
        yield f"{NOT_COMPARED}: {reason} ({task}: {named})"
