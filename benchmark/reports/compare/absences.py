"""What two methods are not compared on, and why: a line a reason, places of one reason together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from benchmark.reports.compare.places import Rows, Where, unlike
from benchmark.reports.names import short
from benchmark.results import Cell

MOST = 6
"""Places that are named with a reason."""


def elsewhere(first: Rows, second: Rows) -> str:
    """What keeps two methods apart whose places have not even a name in common."""
    for each in ("backend", "site", "task"):
        sides = [sorted({getattr(place, each) for place in rows.cells}) for rows in (first, second)]
        if not set(sides[0]) & set(sides[1]):
            said = " against ".join(", ".join(map(short, side)) for side in sides)
            return f"{each} {said}; give both the same --{each}"
    return "give both the same --backend, --site, --task and --seed"


def missed(first: Rows, second: Rows) -> list[str]:
    """Places that both have by name, in versions or revisions that are never compared."""
    lines = []
    for place in sorted(first.cells.keys() - second.cells.keys()):
        for other in sorted(second.cells.keys() - first.cells.keys()):
            if place.label == other.label:
                lines.append(
                    f"{place} is not compared: {unlike(place, other)} "
                    f"({first.name} against {second.name})"
                )
    return lines


def unscored(cells: Sequence[Cell], first: Rows, second: Rows) -> list[str]:
    """Places that one of two methods has no scores of, with what its cells say of them."""
    found: list[tuple[str, Where]] = []
    for have, lack in ((first, second), (second, first)):
        labels = {place.label for place in lack.cells}
        for place in sorted(have.cells.keys() - lack.cells.keys()):
            if place.label not in labels:
                why = _why(cells, lack.name, place)
                found.append((f"{lack.name} has no scores ({why}) of", place))
    return list(_together(found))


def seeds_apart(first: Rows, second: Rows) -> list[str]:
    """Places where one method has seeds that the other has not; those are left out."""
    found = []
    for place in sorted(first.cells.keys() & second.cells.keys()):
        seeds = [rows.cells[place].keys() for rows in (first, second)]
        if seeds[0] != seeds[1]:
            common = "compared over common seeds" if seeds[0] & seeds[1] else "no seed in common"
            told = (f"{r.name} {_listed(s)}" for r, s in zip((first, second), seeds, strict=True))
            found.append((f"{common}, of {' and '.join(told)}:", place))
    return list(_together(found))


def _listed(seeds: Iterable[int]) -> str:
    return ", ".join(map(str, sorted(seeds)))


def _why(cells: Sequence[Cell], method: str, place: Where) -> str:
    """The reason of the method's own cell there, or that there is none."""
    for cell in cells:
        where = (cell.method.name, cell.task.name, cell.backend.name, cell.split, cell.variant)
        wanted = (method, place.task, place.backend, place.split, place.variant)
        if where == wanted and cell.status != "scored":
            return f"{cell.status.replace('_', ' ')}: {cell.reason}"
    return "not run there"


def _together(found: Iterable[tuple[str, Where]]) -> Iterator[str]:
    reasons: dict[str, dict[str, None]] = {}
    for why, place in found:
        reasons.setdefault(why, {})[str(place)] = None
    for why, places in reasons.items():
        more = [f"{len(places) - MOST} more"] if len(places) > MOST else []
        yield f"{why} {', '.join([*list(places)[:MOST], *more])}"
