"""A results folder of `run` as a report reads it: its document, or the cells that are whole."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmark.results import Cell, Document, Run, document, read_cells, read_document


@dataclass(frozen=True)
class RunFolder:
    """What was run, where it lies, and what a reader of the folder has to know of it."""

    path: Path
    document: Document
    notes: tuple[str, ...]

    @property
    def cells(self) -> tuple[Cell, ...]:
        return self.document.cells

    @property
    def specs(self) -> tuple[str, ...]:
        """How the run named its backends."""
        given: Any = self.document.run.arguments.get("backend")
        return tuple(each for each in given if isinstance(each, str)) if given else ()


def read_run(path: Path) -> RunFolder:
    """The run of a folder. Raises ValueError, one line, where there is none to report.

    Where the document is missing or damaged, as after a kill, the whole cells stand in for it.
    """
    if not path.exists():
        raise ValueError(f"no folder {path}: wanted a results folder of run, as in results/")
    if not path.is_dir():
        raise ValueError(f"{path} is a file: wanted the results folder of a run")
    cells, problems = read_cells(path / "cells")
    try:
        found = read_document(path / "document.json")
    except ValueError as error:
        if not cells:
            more = f" ({problems[0]})" if problems else ""
            raise ValueError(
                f"{path} holds no results{more}: run something into it first, as in "
                f"python -m benchmark run --method jsae --output-path {path}"
            ) from None
        there = (path / "document.json").exists()
        said = str(error) if there else "the run did not finish: document.json is missing"
        notes = (f"{said}; these are the {len(cells)} whole cells of the folder", *problems)
        return RunFolder(path, document(Run(), cells), notes)
    if not found.cells:
        raise ValueError(f"{path}/document.json holds no cells: run something into it first")
    return RunFolder(path, found, tuple(_notes(path, found, cells, problems)))


def _notes(
    path: Path, found: Document, cells: tuple[Cell, ...], problems: tuple[str, ...]
) -> list[str]:
    """What the folder has beside its document, and what it lacks."""
    own, whole = {cell.key for cell in found.cells}, {cell.key for cell in cells}
    notes = [line for line in problems if any(key in line for key in own)]
    gone = sum(cell.units_file is not None and cell.key not in whole for cell in found.cells)
    if gone:
        notes.append(f"the units of {gone} cells are gone or damaged: they are not compared")
    more = len(whole - own)
    if more:
        notes.append(f"{more} more cells lie in {path.name}/cells, of other runs: not shown here")
    return notes
