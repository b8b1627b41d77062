"""Cells on disk: one record and one file of units each, whole or not there at all.

`<key>.json` names `<key>.npz` and holds the checksum of its content; the record is written last,
so a process that dies between the two leaves no cell.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmark.messages.storage import StorageError
from benchmark.results.migrations import VERSION
from benchmark.results.reading import cell_of
from benchmark.results.reading import one_line as one_line
from benchmark.results.records import SCHEMA_VERSION, Cell
from benchmark.results.unit_files import content_sha256, packed, unpacked
from benchmark.statistics import StoredUnits


class CellFolder(NamedTuple):
    """What a folder of cells holds, in the order of keys, and one line per record not readable."""

    cells: tuple[Cell, ...]
    problems: tuple[str, ...]


def write_cell(folder: Path, cell: Cell, units: Mapping[str, StoredUnits] | None = None) -> Cell:
    """Writes units, then the record that names them; the record as written.

    Safe against a kill at any moment and against two processes writing the same cell: each file
    is completed under a name of its own, forced to disk and moved into place.
    """
    if units:
        content = dict(units)
        told = {"units_file": f"{cell.key}.npz", "units_sha256": content_sha256(content)}
        cell = Cell.model_validate(cell.model_dump() | told)
        write_whole(folder / f"{cell.key}.npz", packed(content))
    write_whole(folder / f"{cell.key}.json", cell_text(cell).encode())
    return cell


def cell_text(cell: Cell) -> str:
    """The text of a cell's file: its record, and first of all the version of the schema."""
    record = cell.model_dump_json(indent=1)
    return f'{{\n "{VERSION}": {SCHEMA_VERSION},{record.removeprefix("{")}\n'


def write_whole(path: Path, content: bytes) -> None:
    """Writes a file so that no reader ever sees a part of it; StorageError where it cannot."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            with part.open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            os.replace(part, path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(
            f"cannot write {path}: {error.strerror}; free space or choose another --output-path "
            f"(for what is kept between runs, BENCHMARK_CACHE)"
        ) from None


def read_cell(path: Path) -> Cell:
    """One record. Raises ValueError in one line where it is no whole and valid record."""
    try:
        cell = cell_of(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValueError as error:
        raise ValueError(f"{path} is no whole result record: {error}") from None
    if path.stem != cell.key:
        raise ValueError(f"{path} holds cell {cell.key[:12]}: it was renamed; run it again")
    return cell


def read_cells(folder: Path) -> CellFolder:
    """Every whole cell of a folder; files that are still being written are not looked at.

    A damaged record, or one whose units are gone, is a problem line and no cell. The checksum of
    units is checked by `read_units`, when they are used.
    """
    cells, problems = [], []
    for path in sorted(folder.glob("*.json")):
        if path.name.startswith("."):
            continue
        try:
            cell = read_cell(path)
            if cell.units_file is not None and not (folder / cell.units_file).is_file():
                raise ValueError(f"{path}: its units {cell.units_file} are gone; run it again")
            cells.append(cell)
        except ValueError as error:
            problems.append(str(error))
    return CellFolder(tuple(cells), tuple(problems))


def read_units(folder: Path, cell: Cell) -> dict[str, StoredUnits]:
    """Units of a cell by score name (`name#variant` for any variant but "full").

    Raises ValueError in one line where the cell has none or they are not those of the record.
    """
    if cell.units_file is None:
        raise ValueError(f"cell {cell.key[:12]} ({cell.status}) has no units")
    path = folder / cell.units_file
    units = unpacked(path)
    if content_sha256(units) != cell.units_sha256:
        raise ValueError(f"{path} does not hold the units of its record; run the cell again")
    return units


def read_some_units(folder: Path, cell: Cell, names: Collection[str]) -> dict[str, StoredUnits]:
    """Units of some scores of a cell, much faster than all of them.

    What is read is held to the file's own checksums of its parts and not to that of the record,
    which is over all units. Names that were not kept are left out. Raises ValueError like
    `read_units`.
    """
    if cell.units_file is None:
        raise ValueError(f"cell {cell.key[:12]} ({cell.status}) has no units")
    return unpacked(folder / cell.units_file, names)
