"""Every score of one cell beside what it is read against."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table

from benchmark.reports.consoles import plain
from benchmark.reports.numbers import interval, number
from benchmark.results import Cell, Score

DOSE = "/dose:"
Column = tuple[str, Callable[[Score], str]]


def details(cell: Cell, gap: int = 2) -> Table:
    """One row a metric, main first; a column in which nothing stands is left out.

    Of codes truncated to k only the main score is shown, by the summary, and nothing of single
    doses, which a task draws as curves; the document has all.
    """
    table = plain(gap)
    scores = [s for s in cell.scores if s.variant == "full" and DOSE not in s.name]
    scores.sort(key=lambda score: not score.main)
    table.add_column("score", overflow="fold")
    table.add_column("value [95 %]", justify="right", no_wrap=True)
    shown = [column for column in columns(scores) if any(map(column[1], scores))]
    for name, _ in shown:
        table.add_column(name, justify="right", no_wrap=True)
    for score in scores:
        value = interval(score.value, score.ci_low, score.ci_high)
        cells = [says(score) for _, says in shown]
        table.add_row(score.name, value, *cells, style="bold" if score.main else None)
    return table


def columns(scores: list[Score]) -> list[Column]:
    """Floor, each baseline by its name, ceiling, n."""
    names = [r.name for score in scores for r in score.references if r.kind == "baseline"]
    baselines: list[Column] = [(name, baseline(name)) for name in dict.fromkeys(names)]
    return [
        ("floor", lambda score: number(score.floor)),
        *baselines,
        ("ceiling", lambda score: number(score.ceiling)),
        ("n", lambda score: f"{score.n:,} {score.unit}s" if score.n else ""),
    ]


def baseline(name: str) -> Callable[[Score], str]:
    """What a score has against one baseline."""

    def of(score: Score) -> str:
        return next((number(r.value) for r in score.references if r.name == name), "")

    return of
