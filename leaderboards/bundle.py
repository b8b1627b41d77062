"""Puts the cells of a run beside the bundled reference rows: `python -m leaderboards.bundle DOC`.

A cell of the same method, place, task and seed is replaced; cells without scores are left out.
The paired comparisons of `PAIRS` are made from the run's own units and bundled as well.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmark.reports.compare import Compared, compare
from benchmark.reports.panels import BUNDLED, bundled_cells, where
from benchmark.results import Cell, Run, document, read_document, write_whole

COMPARISONS = BUNDLED.with_name("comparisons.json")
PAIRS = (
    ("posthoc", "separated"),
    ("posthoc", "posthoc-nocut"),
    ("jsae", "jsae-noalign-posthoc"),
    ("jsae", "posthoc"),
    ("shared", "posthoc"),
)


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


def comparisons(folder: Path) -> list[dict[str, object]]:
    """The main metrics of every pair that this run has, in the order of `PAIRS`."""
    found = []
    for a, b in PAIRS:
        compared = compare(folder, a, b)
        rows = [row for row in compared.rows if row.main and row.variant == "full"]
        whole = compared.as_json() | {"rows": [], "notes": list(compared.notes)}
        found.append(whole | {"rows": [_plain(row) for row in rows]})
    return found


def _plain(row: Compared) -> dict[str, object]:
    """What a reader needs of one row."""
    kept = ("metric", "a", "b", "difference", "low", "high", "p_holm", "n", "verdict")
    return {
        "backend": row.where.backend,
        "task": row.where.task,
        "seeds": list(row.seeds),
        **{name: getattr(row, name) for name in kept},
    }


def main() -> int:
    """Rewrites the bundled rows."""
    if len(sys.argv) != 2:
        print("usage: python -m leaderboards.bundle DOCUMENT.json", file=sys.stderr)
        return 2
    found = read_document(Path(sys.argv[1]))
    whole = document(Run(), bundled(bundled_cells(), found.cells))
    write_whole(BUNDLED, (whole.model_dump_json(exclude_defaults=True) + "\n").encode())
    compared = comparisons(Path(sys.argv[1]).parent / "cells")
    write_whole(COMPARISONS, (json.dumps(compared, indent=1) + "\n").encode())
    print(f"{len(whole.cells)} cells in {BUNDLED}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
