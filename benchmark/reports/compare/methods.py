"""Two methods on the same units: paired differences over seeds, and what may be said of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from benchmark.reports.compare.places import Rows, Where, at_site, rows_of, unlike
from benchmark.reports.compare.verdicts import LEVEL, Compared, Comparison, verdict
from benchmark.reports.names import short
from benchmark.results import Cell, Score, read_cells, read_units
from benchmark.statistics import (
    Difference,
    StoredUnits,
    holm,
    minimum_reliable_difference,
    over_seeds,
    paired,
)


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
    missed = _missed(first, second)
    if not common:
        why = missed[0] if missed else _elsewhere(first, second)
        raise ValueError(f"{a} and {b} have nothing in common in {folder}: {why}")
    rows, notes = [], [*first.notes, *second.notes, *missed, *problems]
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


def _elsewhere(first: Rows, second: Rows) -> str:
    """What keeps two methods apart whose places have not even a name in common."""
    for each in ("backend", "site", "task"):
        sides = [sorted({getattr(place, each) for place in rows.cells}) for rows in (first, second)]
        if not set(sides[0]) & set(sides[1]):
            said = " against ".join(", ".join(map(short, side)) for side in sides)
            return f"{each} {said}; give both the same --{each}"
    return "give both the same --backend, --site, --task and --seed"


def _missed(first: Rows, second: Rows) -> list[str]:
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


def _compared(
    folder: Path, place: Where, a: Mapping[int, Cell], b: Mapping[int, Cell], notes: list[str]
) -> Iterator[Compared]:
    """Every metric that both have at a place, over their common seeds."""
    seeds = tuple(sorted(a.keys() & b.keys()))
    if not seeds:
        notes.append(f"{place}: no seed in common, {sorted(a)} against {sorted(b)}")
        return
    if {a[s].package for s in seeds} != {b[s].package for s in seeds}:
        notes.append(f"{place}: the two ran under different package code")
    scores = [({_id(s): s for s in a[k].scores}, {_id(s): s for s in b[k].scores}) for k in seeds]
    units = [(read_units(folder, a[s]), read_units(folder, b[s])) for s in seeds]
    for name in scores[0][0]:
        if all(name in side for pair in scores for side in pair):
            first, second = ([pair[i][name] for pair in scores] for i in (0, 1))
            yield _row(place, seeds, first, second, [(x.get(name), y.get(name)) for x, y in units])


def _id(score: Score) -> str:
    """The name under which units of a score are kept."""
    return score.name if score.variant == "full" else f"{score.name}#{score.variant}"


def _row(
    place: Where,
    seeds: tuple[int, ...],
    a: list[Score],
    b: list[Score],
    units: list[tuple[StoredUnits | None, StoredUnits | None]],
) -> Compared:
    means = [sum(s.value for s in side) / len(side) for side in (a, b)]
    row = Compared(
        where=place,
        metric=a[0].name,
        main=a[0].main,
        variant=a[0].variant,
        higher_is_better=a[0].higher_is_better,
        seeds=seeds,
        a=means[0],
        b=means[1],
        difference=means[0] - means[1],
        mrd=_mrd(a, b),
    )
    refused = next((why for x, y in units if (why := _unlike(a[0].unit, x, y))), None)
    if refused:
        return replace(row, refused=refused)
    try:
        found = [_paired(x, y, a[0].name) for x, y in units]
    except ValueError as error:
        return replace(row, refused=str(error).removeprefix(f"{a[0].name}: "))
    if any(d.se is None for d in found):
        return replace(row, refused="a single cluster: nothing can be said of other items")
    over = differences_over_seeds(found)
    wide = len(found) == 2 and found[0].value != found[1].value
    row = replace(row, difference=over.value, low=over.low, high=over.high, wide=wide)
    return replace(row, p=over.p, n=over.n)


def differences_over_seeds(found: Sequence[Difference]) -> Difference:
    """Paired differences, a seed each, as one; of one seed its own. Each has a standard error."""
    if len(found) == 1:
        return found[0]
    over = over_seeds([d.value for d in found], [d.se or 0.0 for d in found], level=LEVEL)
    p = over.p if over.se else max(d.p or 0.0 for d in found)
    first = found[0]
    return Difference(over.value, over.low, over.high, over.se, p, first.n, first.n_clusters)


def _paired(a: StoredUnits | None, b: StoredUnits | None, name: str) -> Difference:
    if a is None or b is None:
        raise ValueError(f"{name}: no units were kept, so it cannot be paired")
    return paired(a, b, name=name, level=LEVEL)


def _unlike(unit: str, a: StoredUnits | None, b: StoredUnits | None) -> str | None:
    """Why units of two numbers make no pairs; one place has one set of rows, so it is no limit."""
    if a is None or b is None or len(a.numerator) == len(b.numerator):
        return None
    if unit == "latent":
        return "latents differ between methods by nature, so there are no pairs"
    counts = f"{len(a.numerator):,} {unit}s against {len(b.numerator):,}"
    return f"{counts}: not the same ones, so there are no pairs"


def _mrd(a: list[Score], b: list[Score]) -> float | None:
    """Of two unpaired rows, each with its own standard error over seeds and items."""
    if len(a) < 2:
        return None
    sides = [
        over_seeds([s.value for s in side], [standard_error(s) for s in side]) for side in (a, b)
    ]
    return minimum_reliable_difference(sides[0].se, sides[1].se)


def standard_error(score: Score) -> float:
    """Standard error over items: recorded, else from the width of the interval, else 0."""
    if score.se is not None:
        return score.se
    if score.ci_low is None or score.ci_high is None:
        return 0.0
    return (score.ci_high - score.ci_low) / (2 * 1.96)


def _judged(rows: list[Compared], a: str, b: str) -> Iterator[Compared]:
    """Rows with Holm's p over the family of main metrics, and the verdict in words."""
    family = [i for i, row in enumerate(rows) if row.main and row.p is not None]
    adjusted = dict(zip(family, holm([rows[i].p or 0.0 for i in family]), strict=True))
    for i, row in enumerate(rows):
        judged = replace(row, p_holm=adjusted.get(i))
        yield replace(judged, verdict=verdict(judged, a, b, level=LEVEL))
