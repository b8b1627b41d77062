"""Answers from folders of cells: paired on the same units and seeds, p by Holm over a question."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from benchmark.reports.compare import Compared, compare
from benchmark.reports.compare.rows import standard_error
from benchmark.reports.names import short
from benchmark.results import Cell, read_cells
from benchmark.statistics import holm, over_seeds
from benchmark.statistics.distributions import t_quantile, t_two_sided
from leaderboards.questions import FLOOR, Gap, Pair, Question

Row = dict[str, Any]
LEVEL = 0.95


def answered(
    question: Question, folders: Sequence[Path], before: Sequence[Mapping[str, Any]] = ()
) -> dict[str, Any] | None:
    """All rows of a question from all folders; None where no folder has both methods of a pair.

    Rows of `before` stay where nothing new is said of their place. Raises ValueError where two
    folders answer for the same place, or an old row has no p of its own to adjust again.
    """
    found: dict[tuple[str, ...], Row] = {}
    for folder in folders:
        for row in (*gaps_of(question, folder), *pairs_of(question, folder)):
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
    metrics = [*question.metrics, *dict.fromkeys(gap.metric for gap in question.gaps)]
    head = {"asks": question.asks, "of": question.of, "metrics": metrics}
    return head | {"rows": rows}


def place(row: Mapping[str, Any]) -> tuple[str, ...]:
    """What a row is about: two rows of one place are one too many."""
    return (*row["pair"], row["backend"], row["site"], row.get("variant", ""), row["metric"])


def pairs_of(question: Question, folder: Path) -> Iterator[Row]:
    """Rows of the pairs of methods."""
    for pair in question.pairs:
        for row in _compared(question, pair, folder):
            yield plain(row, pair)


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


def gaps_of(question: Question, folder: Path) -> Iterator[Row]:
    """Rows of the gaps within cells, over seeds; both numbers of a cell count as independent."""
    cells: dict[tuple[str, str, str, str], list[Cell]] = {}
    for cell in scored([folder]) if question.gaps else ():
        at = (cell.method.name, cell.backend.name, cell.site or "", cell.task.name)
        if cell.method.name in question.methods and _asked(question, cell):
            cells.setdefault(at, []).append(cell)
    for (method, backend, site, _), its in cells.items():
        for gap in question.gaps:
            found = [each for cell in its for each in _gap(gap, cell)]
            if not found:
                continue
            over = over_seeds([a - b for a, b, _ in found], [se for *_, se in found])
            low, high = over.low, over.high
            if len(found) == 1:
                reach = t_quantile(math.inf, LEVEL) * over.se
                low, high = over.value - reach, over.value + reach
            yield {
                "pair": [f"{gap.metric} of {method}", gap.over],
                "backend": backend,
                "site": site,
                "seeds": sorted(cell.seed for cell in its),
                "metric": gap.metric,
                "a": sum(a for a, *_ in found) / len(found),
                "b": sum(b for _, b, _ in found) / len(found),
                "difference": over.value,
                "low": low,
                "high": high,
                "n": None,
                "p": over.p if over.p is not None else two_sided(over.value, over.se),
            }


def _gap(gap: Gap, cell: Cell) -> Iterator[tuple[float, float, float]]:
    """Both numbers of a cell, and the standard error of their difference."""
    scores = {score.name: score for score in cell.scores if score.variant == "full"}
    one = scores.get(gap.metric)
    if one is None:
        return
    if gap.over == FLOOR:
        if one.floor is not None:
            yield one.value, one.floor, standard_error(one)
    elif gap.over in scores:
        other = scores[gap.over]
        yield one.value, other.value, math.hypot(standard_error(one), standard_error(other))


def _asked(question: Question, cell: Cell) -> bool:
    """Whether a cell is of the split, the frame and the places that a question is about."""
    usual = (cell.split, cell.data.limit, cell.variant) == ("test", None, "fair")
    there = fnmatchcase(cell.site or "", question.sites)
    there = there and fnmatchcase(short(cell.backend.name), question.backends)
    return usual and there and cell.data.centred == question.centred


def two_sided(value: float, se: float) -> float:
    """p of a normal with this standard error; of no error 0, unless the value is 0."""
    return t_two_sided(math.inf, value / se) if se > 0 else float(value == 0)


def frontier(folders: Sequence[Path], method: str, field: str) -> list[dict[str, Any]]:
    """What fits of a method chose and measured on val, by one field of theirs; means over seeds.

    Raises ValueError where they differ in another field too.
    """
    fits: dict[tuple[str, float], dict[int, Mapping[str, Any]]] = {}
    others = set()
    for cell in scored(folders):
        config = dict(cell.method.config)
        if cell.variant == "fair" and cell.method.name.split("-")[0] == method and field in config:
            given = config.pop(field)
            if not isinstance(given, int | float):
                raise ValueError(f"{method}.{field} is {given!r}, wanted a number")
            value = float(given)
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
