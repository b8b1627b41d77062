"""Where rows come from: bundled reference cells, and folders of submissions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.reports.panels import bundled_cells
from benchmark.results import Cell
from benchmark.submissions.reading import SUBMISSIONS, read_submission, submission_folders
from benchmark.submissions.records import Submission
from leaderboards.board.tables import Lane

SHARED = ("method", "backend", "data", "environment")
"""Records within a cell that many cells of a submission have alike."""


@dataclass(frozen=True)
class Source:
    """Cells that come from one hand."""

    cells: Sequence[Cell]
    lane: Lane = "reference"
    record: Submission | None = None
    """Of a submission: only cells of its method become rows, and only their main scores."""
    folder: Path | None = None

    @property
    def slug(self) -> str:
        return self.record.slug if self.record else ""


def sources(root: Path = SUBMISSIONS) -> tuple[list[Source], list[str]]:
    """The bundled rows, then every submission that can be read; a line for each that cannot."""
    found, problems = [Source(bundled_cells())], []
    for folder in submission_folders(root):
        try:
            read = read_submission(folder, mains=True)
        except ValueError as error:
            problems.append(" ".join(str(error).split()))
            continue
        cells = tuple(shared(read.cells, read.record.method))
        found.append(Source(cells, read.lane, read.record, folder))
    return found, problems


def shared(cells: Sequence[Cell], method: str) -> Iterator[Cell]:
    """The cells of one method; what is equal in many of them is kept once.

    So a thousand submissions fit in memory.
    """
    known: dict[str, list[Any]] = {name: [] for name in SHARED}
    for cell in cells:
        if cell.method.name == method:
            parts = {name: _once(getattr(cell, name), known[name]) for name in SHARED}
            yield cell.model_copy(update=parts)


def _once(record: Any, known: list[Any]) -> Any:
    """The equal of a record that is known already, or the record, which is known from now on."""
    found = next((each for each in reversed(known) if each == record), None)
    if found is None:
        known.append(record)
        return record
    return found
