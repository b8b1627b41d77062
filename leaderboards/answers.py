"""Answers from folders of cells: paired on the same units and seeds, p by Holm over a question."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmark.reports.compare import Compared, compare
from benchmark.reports.names import short
from benchmark.results import Cell, read_cells
from benchmark.statistics import holm
from leaderboards.questions import Pair, Question

Row = dict[str, Any]


def answered(
    question: Question, folders: Sequence[Path], before: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """All rows of a question from all folders; None where no folder has both methods of a pair.

    Rows of `before` stay where nothing new is said of their place. Raises ValueError where two
    folders answer for the same place, or an old row has no p of its own to adjust again.
    """
    found: dict[tuple[str, ...], Row] = {}
    for folder in folders:
        for pair in question.pairs:
            for row in (plain(each, pair) for each in _compared(question, pair, folder)):
                if place(row) in found:
                    where = f"{row['backend']} {row['site']}"
                    raise ValueError(f"{folder}: {where} is answered by another folder as well")
                found[place(row)] = row
    new = [row for row in found.values() if row["p"] is not None]
    if not new:
        return None
    rows = [dict(row) for row in before if place(row) not in found] + new
    if not all("p" in row for row in rows):
        raise ValueError(f"{question.asks!r} has rows without p: answer all of it anew")
    adjusted = holm([row["p"] for row in rows])
    rows = [row | {"p_holm": p} for row, p in zip(rows, adjusted, strict=True)]
    head = {"asks": question.asks, "of": question.of, "metrics": list(question.metrics)}
    return head | {"rows": rows}


def place(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a row is about: two rows of one place are one too many."""
    return (*row["pair"], row["backend"], row["site"], row.get("variant", ""), row["metric"])


def _compared(question: Question, pair: Pair, folder: Path) -> Iterator[Compared]:
    """Rows of a folder in the variants that are asked for, on whole test splits as they are."""
    methods = {each.partition("@")[0] for each in pair}
    if not methods <= {cell.method.name for cell in scored([folder])}:
        return
    try:
        rows = compare(folder, *pair).rows
    except ValueError:
        return  # both were run, never at one place
    for row in rows:
        at = row.where
        usual = (at.split, at.limit, at.centred) == ("test", 0, False)
        asked = row.metric in question.metrics and at.variant in question.variants
        asked = asked and fnmatchcase(at.site, question.sites)
        asked = asked and fnmatchcase(short(at.backend), question.backends)
        if usual and asked and row.variant == "full" and not row.refused:
            yield row


def plain(row: Compared, pair: Pair) -> Row:
    """A row as it is kept."""
    kept = ("metric", "a", "b", "difference", "low", "high", "n", "p")
    where = {"backend": row.where.backend, "site": row.where.site, "seeds": list(row.seeds)}
    where |= {} if row.where.variant == "fair" else {"variant": row.where.variant}
    return {"pair": list(pair)} | where | {name: getattr(row, name) for name in kept}


def frontier(folders: Sequence[Path], method: str, field: str) -> list[dict[str, Any]]:
    """What fits of a method chose and measured on val, by one field of theirs; means over seeds.

    Raises ValueError where they differ in another field too.
    """
    fits: dict[tuple[str, float], dict[int, Mapping[str, Any]]] = {}
    others = set()
    for cell in scored(folders):
        config = dict(cell.method.config)
        if cell.variant == "fair" and cell.method.name.split("-")[0] == method and field in config:
            value = float(config.pop(field))
            others.add(json.dumps(config, sort_keys=True))
            fits.setdefault((cell.backend.name, value), {})[cell.seed] = cell.method.chosen
    if len(others) > 1:
        raise ValueError(f"fits of {method} differ in more than {field}: {' and '.join(others)}")
    found = []
    for (backend, value), seeds in sorted(fits.items()):
        names = [name for name in next(iter(seeds.values())) if name.startswith("val/")]
        means = {n: sum(float(c[n]) for c in seeds.values()) / len(seeds) for n in names}
        found.append({"backend": backend, field: value, "seeds": sorted(seeds)} | means)
    return found


def scored(folders: Iterable[Path]) -> list[Cell]:
    """Every scored cell of some folders."""
    return [c for folder in folders for c in read_cells(folder)[0] if c.status == "scored"]
