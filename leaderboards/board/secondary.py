"""Every metric of a row in one task, where a page or an export asks for more than the main one."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from benchmark.results import Score
from leaderboards.board.tables import Row, Table


def scores_of(row: Row, task: str) -> dict[str, list[tuple[int, Score]]]:
    """Scores by metric, each with its seed, in the order of the records."""
    found: dict[str, list[tuple[int, Score]]] = {}
    for cell in row.cells.get(task, ()):
        for score in cell.scores:
            if score.variant == row.codes:
                found.setdefault(score.name, []).append((cell.seed, score))
    return found


def means(rows: Sequence[Row], task: str) -> tuple[list[str], dict[str, dict[str, float]]]:
    """Names of all metrics of a task, the main one first, and the mean over seeds of each by row.

    Rows without a fresh value are left out.
    """
    names: dict[str, bool] = {}
    values: dict[str, dict[str, float]] = {}
    for row in rows:
        if task in row.entries and row.entries[task].fresh:
            scores = scores_of(row, task)
            names |= {name: any(s.main for _, s in its) for name, its in scores.items()}
            values[row.key] = {name: fmean(s.value for _, s in its) for name, its in scores.items()}
    return sorted(names, key=lambda name: not names[name]), values


def reference_rows(table: Table) -> list[Row]:
    """Rows whose every metric is shown: those that ship with the package."""
    return [row for row in table.rows if row.lane == "reference"]
