"""`validate`: everything that can be said of a submission without running any of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.results import Cell
from benchmark.submissions.beside import check_beside
from benchmark.submissions.cell_checks import check_cells
from benchmark.submissions.checkpoint_checks import check_checkpoints
from benchmark.submissions.faults import Faults
from benchmark.submissions.folders import listing
from benchmark.submissions.loading import loaded
from benchmark.submissions.number_checks import check_numbers
from benchmark.submissions.record_checks import check_record

Progress = Callable[[Iterable[Cell]], Iterable[Cell]]


def silent(cells: Iterable[Cell]) -> Iterable[Cell]:
    """Progress that shows nothing."""
    return cells


@dataclass(frozen=True)
class Verdict:
    """What was found in one folder."""

    folder: Path
    slug: str | None
    cells: int
    checkpoints: int
    faults: tuple[str, ...]
    warnings: tuple[str, ...]

    @property
    def valid(self) -> bool:
        return not self.faults

    def as_json(self) -> dict[str, Any]:
        """The same as data."""
        return {
            "folder": str(self.folder),
            "slug": self.slug,
            "valid": self.valid,
            "cells": self.cells,
            "checkpoints": self.checkpoints,
            "faults": list(self.faults),
            "warnings": list(self.warnings),
        }


def validate(folder: Path, *, beside: Path | None = None, progress: Progress = silent) -> Verdict:
    """Every fault and warning of a submission folder; nothing in it is imported or executed.

    `beside` is where other submissions are, if not in the folder's own parent.
    Raises UnreadableError where the folder itself cannot be looked at.
    """
    found = Faults()
    read = loaded(listing(folder, found), found)
    check_record(read, found, beside)
    check_cells(read, found)
    check_beside(read.cells, found)
    check_checkpoints(read, found)
    check_numbers(read, found, progress(read.cells))
    return Verdict(
        folder,
        read.record.slug if read.record else None,
        len(read.cells),
        len(read.record.checkpoints) if read.record else 0,
        tuple(found.lines("faults")),
        tuple(found.lines("warnings")),
    )
