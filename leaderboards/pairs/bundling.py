"""The pairs that ship, and how a bundle renews them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from benchmark.reports import panels
from benchmark.reports.names import short
from benchmark.results import Cell, read_some_units
from benchmark.statistics import StoredUnits
from leaderboards.pairs.computing import computed
from leaderboards.pairs.merging import merged
from leaderboards.pairs.packing import JSON_SUFFIX, pairs_file, read_pairs, write_pairs
from leaderboards.pairs.records import Table


def shipped_folder() -> Path:
    """Where pairs ship, a file a backend: beside the rows that they are of."""
    return panels.BUNDLED.with_name("pairs")


def shipped(folder: Path | None = None) -> tuple[Table, ...]:
    """Every table that ships, by file."""
    files = sorted((folder or shipped_folder()).glob(f"*{JSON_SUFFIX}"))
    return tuple(table for file in files for table in read_pairs(file))


def bundle_pairs(
    run: Sequence[Cell], folders: Mapping[str, Path], whole: Sequence[Cell], folder: Path
) -> int:
    """Renews the files of pairs in `folder`; the number of pairs that they hold now.

    `run` are cells to be paired, `folders` where the units of each are, by its key, and `whole`
    all cells that ship: pairs of cells that are not among them go, with their file.
    """

    def read(cell: Cell, names: Collection[str]) -> Mapping[str, StoredUnits]:
        return read_some_units(folders[cell.key], cell, names)

    known = {file: read_pairs(file) for file in sorted(folder.glob(f"*{JSON_SUFFIX}"))}
    old = [table for tables in known.values() for table in tables]
    files: dict[Path, list[Table]] = {file: [] for file in known}
    for table in merged(old, computed(run, read), whole):
        files.setdefault(pairs_file(folder, short(table.where.backend)), []).append(table)
    for file, tables in files.items():
        if tables:
            write_pairs(file, tables)
        else:
            file.unlink()
    return sum(len(table.pairs) for tables in files.values() for table in tables)
