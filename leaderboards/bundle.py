"""Puts cells of runs beside the bundled reference rows: `python -m leaderboards.bundle DOC [DOC…]`.

A cell of the same method, place, task and seed is replaced, and dropped where the task no longer
applies; other cells without scores are left out.
Every two methods of one place are compared on the units that the runs kept, and ship as well: a
pair is replaced alone, so name all runs whose methods are to be paired with each other. The
comparisons of `PAIRS`, which the README shows, are of the first run.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.reports.compare import Compared, compare
from benchmark.reports.names import short
from benchmark.reports.panels import BUNDLED, bundled_cells, where
from benchmark.results import (
    Cell,
    bundle_file,
    read_cells,
    read_document,
    write_bundle,
    write_whole,
)
from leaderboards.pairs import bundle_pairs, shipped_folder

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
    """Cells to ship: of a slot the newest that is scored; none where it no longer applies."""
    kept = {slot(cell): cell for cell in old}
    for cell in new:
        if cell.status == "scored":
            kept[slot(cell)] = cell
        elif cell.status == "not_applicable":
            kept.pop(slot(cell), None)
    return list(kept.values())


def comparisons(folder: Path, before: Sequence[Mapping[str, Any]] = ()) -> list[Mapping[str, Any]]:
    """The main metrics of every pair, in the order of `PAIRS`: of this run where it has both
    methods, else as they were before, as they are where this run is of other backends.
    """
    scored = [cell for cell in read_cells(folder).cells if cell.status == "scored"]
    there = {cell.method.name for cell in scored}
    backends = {cell.backend.name for cell in scored}
    old = {(each["a"], each["b"]): each for each in before}
    found: list[Mapping[str, Any]] = []
    for a, b in PAIRS:
        shown = {row["backend"] for row in old.get((a, b), {}).get("rows", ())}
        if {a, b} <= there and (shown <= backends or not shown):
            compared = compare(folder, a, b)
            rows = [row for row in compared.rows if row.main and row.variant == "full"]
            whole = compared.as_json() | {"notes": list(compared.notes)}
            found.append(whole | {"rows": [_plain(row) for row in rows]})
        elif (a, b) in old:
            found.append(old[a, b])
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
    if len(sys.argv) < 2:
        print("usage: python -m leaderboards.bundle DOCUMENT.json …", file=sys.stderr)
        return 2
    try:
        n_cells, n_pairs = renewed([Path(word) for word in sys.argv[1:]])
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{n_cells} cells in {BUNDLED}, {n_pairs} pairs of them", file=sys.stderr)
    return 0


def renewed(documents: Sequence[Path]) -> tuple[int, int]:
    """Bundles documents; how many cells and pairs ship now."""
    folders: dict[str, Path] = {}
    new: list[Cell] = []
    for path in documents:
        found = read_document(path).cells
        if not (path.parent / "cells").is_dir():
            raise ValueError(
                f"{path} has no cells beside it, and pairs are made of their units: name the "
                f"document in the folder of its run"
            )
        folders |= {cell.key: path.parent / "cells" for cell in found}
        new += found
    whole = bundled(bundled_cells(), new)
    known = json.loads(COMPARISONS.read_text()) if COMPARISONS.is_file() else []
    compared = comparisons(documents[0].parent / "cells", known)
    n_pairs = bundle_pairs(bundled([], new), folders, whole, shipped_folder())
    for backend in sorted({short(cell.backend.name) for cell in whole}):
        its = [cell for cell in whole if short(cell.backend.name) == backend]
        write_bundle(bundle_file(BUNDLED, backend), its)
    write_whole(COMPARISONS, (json.dumps(compared, indent=1) + "\n").encode())
    return len(whole), n_pairs


if __name__ == "__main__":
    sys.exit(main())
