"""Two methods on the same units: paired differences over seeds, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.reports.compare.absences import elsewhere, missed, seeds_apart, unscored
from benchmark.reports.compare.places import Rows, Where, at_site, rows_of
from benchmark.reports.compare.rows import adjusted, paired_row, unit_name, unpaired_row
from benchmark.reports.compare.verdicts import LEVEL, Compared, Comparison, verdict
from benchmark.results import Cell, read_cells, read_units


def compare(folder: Path, a: str, b: str) -> Comparison:
    """Compares two methods (names with their preset) from a folder of cells.

    Intervals: cluster bootstrap of the paired difference for one seed; with more, mean ±
    t(S−1)·√(s²_seed/S + s²_item/n) of the differences per seed. Holm over the main metrics.
    `a@site` and `b@site` compare two methods that work at different sites of one backend.
    Raises ValueError in one line for an unknown method or where nothing is in common.
    """
    if a == b:
        raise ValueError(f"{a} against itself: name two methods")
    cells, problems = read_cells(folder)
    if not cells:
        raise ValueError(f"{folder} holds no results: run something into it first")
    first, second = _sides(cells, a, b)
    common = sorted(first.cells.keys() & second.cells.keys())
    apart, other = seeds_apart(first, second), missed(first, second)
    if not any(first.cells[place].keys() & second.cells[place].keys() for place in common):
        why = [*apart, *other, elsewhere(first, second)][0]
        raise ValueError(f"{a} and {b} have nothing in common in {folder}: {why}")
    rows, notes = [], [*first.notes, *second.notes, *apart, *other]
    notes += [*unscored(cells, first, second), *problems]
    for place in common:
        sides = (first.cells[place], second.cells[place])
        found = list(_compared(folder, place, *sides, notes))
        rows += sorted(found, key=lambda row: (row.variant, not row.main))
    return Comparison(a, b, tuple(_judged(rows, a, b)), tuple(dict.fromkeys(notes)))


def _sides(cells: Sequence[Cell], a: str, b: str) -> tuple[Rows, Rows]:
    """The cells of both methods, each at the site that is named with it."""
    (first, _, here), (second, _, there) = a.partition("@"), b.partition("@")
    found = rows_of(cells, first), rows_of(cells, second)
    if not here and not there:
        return found
    if not here or not there:
        raise ValueError(f"{a} against {b}: name a site with both, METHOD@SITE, or with none")
    called = here if here == there else f"{here} against {there}"
    return at_site(found[0], here, called), at_site(found[1], there, called)


def _compared(
    folder: Path, place: Where, a: Mapping[int, Cell], b: Mapping[int, Cell], notes: list[str]
) -> Iterator[Compared]:
    """Every metric that both have at a place, over their common seeds."""
    seeds = tuple(sorted(a.keys() & b.keys()))
    if not seeds:
        return
    if {a[s].package for s in seeds} != {b[s].package for s in seeds}:
        notes.append(f"{place}: the two ran under different package code")
    scores = [tuple({unit_name(s): s for s in side[k].scores} for side in (a, b)) for k in seeds]
    units = [(read_units(folder, a[s]), read_units(folder, b[s])) for s in seeds]
    for name in scores[0][0]:
        if all(name in side for pair in scores for side in pair):
            first, second = ([pair[i][name] for pair in scores] for i in (0, 1))
            row = unpaired_row(place, seeds, first, second)
            yield paired_row(row, first[0].unit, [(x.get(name), y.get(name)) for x, y in units])


def _judged(rows: list[Compared], a: str, b: str) -> Iterator[Compared]:
    """Rows with Holm's p over the family of main metrics, and the verdict in words."""
    for row, p_holm in zip(rows, adjusted([(r.main, r.p) for r in rows]), strict=True):
        judged = replace(row, p_holm=p_holm)
        yield replace(judged, verdict=verdict(judged, a, b, level=LEVEL))
