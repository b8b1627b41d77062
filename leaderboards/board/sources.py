"""Where rows come from: bundled reference cells, and folders of submissions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.reports.panels import bundled_cells
from benchmark.results import Cell
from benchmark.submissions.reading import SUBMISSIONS, read_submission, submission_folders
from benchmark.submissions.records import Submission
from leaderboards.board.tables import Lane


@dataclass(frozen=True)
class Source:
    """Cells that come from one hand."""

    cells: Sequence[Cell]
    lane: Lane = "reference"
    record: Submission | None = None
    """Of a submission: only cells of its method become rows."""
    folder: Path | None = None

    @property
    def slug(self) -> str:
        return self.record.slug if self.record else ""


def sources(root: Path = SUBMISSIONS) -> tuple[list[Source], list[str]]:
    """The bundled rows, then every submission that can be read; a line for each that cannot."""
    found, problems = [Source(bundled_cells())], []
    for folder in submission_folders(root):
        try:
            read = read_submission(folder, quick=True)
        except ValueError as error:
            problems.append(" ".join(str(error).split()))
            continue
        found.append(Source(read.cells, read.lane, read.record, folder))
    return found, problems
