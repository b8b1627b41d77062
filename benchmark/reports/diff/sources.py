"""What can be compared: a results folder, a document, or packed reference rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.results import SUFFIX, Cell, read_bundle, read_cells, read_document, read_units
from benchmark.results.bundles import DIGITS
from benchmark.statistics import StoredUnits

UNITS = ("cells", "units")
"""Folders beside a document that may hold its units: of a run, and of a submission."""


@dataclass(frozen=True)
class Source:
    """The cells of one side, and where the units behind them are."""

    name: str
    cells: tuple[Cell, ...]
    units: Path | None = None
    problems: tuple[str, ...] = ()
    """Cells that cannot be read, a line each."""
    digits: int | None = None
    """Digits of its numbers where they were rounded."""

    def units_of(self, cell: Cell) -> dict[str, StoredUnits] | None:
        """Units by score; None where they were not kept here. ValueError where they are damaged."""
        if self.units is None or cell.units_file is None:
            return None
        if not (self.units / cell.units_file).is_file():
            return None
        return read_units(self.units, cell)


def read_source(given: str) -> Source:
    """Raises ValueError in one line where there is nothing that can be read."""
    path = Path(given)
    if path.is_dir():
        found = _folder(path)
    elif not path.exists():
        raise ValueError(f"{given} is not there: wanted a results folder or a document of a run")
    elif path.name.endswith(SUFFIX):
        found = Source(given, read_bundle(path), digits=DIGITS)
    else:
        found = Source(given, read_document(path).cells, _units_beside(path.parent))
    if not found.cells:
        why = f": {found.problems[0]}" if found.problems else ""
        raise ValueError(f"{given} holds no results{why}")
    return replace(found, name=given)


def _folder(path: Path) -> Source:
    """Cells one by one where they are kept so, else the document of the folder."""
    cells = path if path.name == "cells" else path / "cells"
    if cells.is_dir():
        found = read_cells(cells)
        return Source(path.name, found.cells, cells, found.problems)
    document = path / "document.json"
    if not document.is_file():
        raise ValueError(f"{path} is no results folder: it has neither cells/ nor document.json")
    return Source(path.name, read_document(document).cells, _units_beside(path))


def _units_beside(folder: Path) -> Path | None:
    return next((folder / name for name in UNITS if (folder / name).is_dir()), None)
