"""What two cells of one experiment ran with, field by field: everything but numbers and times."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmark.reports.diff.matching import Pair
from benchmark.results import Cell

ASKED = frozenset({"task.name", "method.name", "backend.name", "data.name"})
"""Equal in every pair."""
APART = frozenset(
    {"key", "site", "split", "variant", "seed", "status", "reason", "scores", "left_out"}
    | {"timing", "created", "units_file", "units_sha256"}
)
"""Equal in every pair, told by themselves, or the times and names of files."""
COUNTED = frozenset({"sizes", "ids_sha256"})
"""Of the data: what only a scored cell knows."""
GIVEN = frozenset({"parameters", "l0", "chosen", "checkpoint_sha256"})
"""Of a method: what the fit gave, as against what it was given."""


def ran_with(pair: Pair) -> Iterator[tuple[str, Any, Any]]:
    """Fields that differ in what a cell was run with, by their dotted names.

    What the user typed (`method.given`) is told only where it made the same configuration.
    """
    sides = [_flat(_inputs(cell, pair.scored), "") for cell in (pair.a, pair.b)]
    if pair.a.method.config != pair.b.method.config:
        sides = [{k: v for k, v in s.items() if not k.startswith("method.given")} for s in sides]
    yield from _unlike(*sides)


def came_out(pair: Pair) -> Iterator[tuple[str, Any, Any]]:
    """Fields that differ in what the fit gave, references that applied to one alone, and units
    that are others behind the same scores.
    """
    if not pair.scored:
        return
    yield from _unlike(*(_flat(_outputs(cell), "") for cell in (pair.a, pair.b)))
    old, new = pair.a.units_sha256, pair.b.units_sha256
    if old and new and old != new and pair.a.scores == pair.b.scores:
        yield "units_sha256", old, new


def _inputs(cell: Cell, scored: bool) -> dict[str, Any]:
    plain = cell.model_dump(mode="json", exclude=set(APART))
    plain["method"] = {k: v for k, v in plain["method"].items() if k not in GIVEN}
    if not scored:
        plain["data"] = {k: v for k, v in plain["data"].items() if k not in COUNTED}
    return plain


def _outputs(cell: Cell) -> dict[str, Any]:
    method = cell.method.model_dump(mode="json", include=set(GIVEN))
    return {"method": method, "left_out": cell.left_out}


def _flat(content: Mapping[str, Any], at: str) -> dict[str, Any]:
    """Leaves by dotted name; a list is a leaf, and what is null or empty is as if not there."""
    found: dict[str, Any] = {}
    for name, value in content.items():
        named = f"{at}{name}"
        if isinstance(value, Mapping):
            found |= _flat(value, f"{named}.")
        elif value not in (None, [], ()) and named not in ASKED:
            found[named] = value
    return found


def _unlike(a: Mapping[str, Any], b: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    for name in sorted(a.keys() | b.keys()):
        old, new = a.get(name), b.get(name)
        if old != new or type(old) is not type(new):
            yield name, old, new
