"""Puts the cells of a run beside the bundled reference rows: `python -m leaderboards.bundle DOC`.

A cell of the same method, place, task and seed is replaced; cells without scores are left out.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path

from benchmark.reports.panels import BUNDLED, bundled_cells, where
from benchmark.results import Cell, Run, document, read_document, write_whole


def slot(cell: Cell) -> tuple[object, ...]:
    """What a reader takes for the same row: newer cells of a slot replace older ones."""
    return (*where(cell), cell.task.name, cell.method.name, cell.seed)


def bundled(old: Iterable[Cell], new: Iterable[Cell]) -> list[Cell]:
    """Cells to ship: no units, they stay with the run."""
    kept = {slot(cell): cell for cell in old}
    kept |= {slot(cell): cell for cell in new if cell.status == "scored"}
    return [
        Cell.model_validate(cell.model_dump() | {"units_file": None, "units_sha256": None})
        for cell in kept.values()
    ]


def main() -> int:
    """Rewrites the bundled rows."""
    if len(sys.argv) != 2:
        print("usage: python -m leaderboards.bundle DOCUMENT.json", file=sys.stderr)
        return 2
    found = read_document(Path(sys.argv[1]))
    whole = document(Run(), bundled(bundled_cells(), found.cells))
    write_whole(BUNDLED, (whole.model_dump_json(exclude_defaults=True) + "\n").encode())
    print(f"{len(whole.cells)} cells in {BUNDLED}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
