"""Every two methods of a place, paired on the units of their cells as `benchmark compare` does.

Units of a cell are summed once for all of its partners, so a pair costs little more than one
subtraction; where a single seed needs resamples, those of a side are drawn once as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import combinations
from typing import Protocol

from benchmark.reports.compare.places import Where, rows_of
from benchmark.reports.compare.seeds import over_common_seeds
from benchmark.results import Cell, Score
from benchmark.statistics import Side, StoredUnits, UnpairedError, side
from leaderboards.pairs.records import FULL, TRUNCATED, Names, Pair, Table

STAMP = 8
"""Letters of a cell's key that tell it from another of the same place."""
Seeds = Mapping[int, Cell]


class Reader(Protocol):
    """Units of some scores of a cell; a name that was not kept is left out."""

    def __call__(self, cell: Cell, names: Collection[str], /) -> Mapping[str, StoredUnits]: ...


def computed(cells: Sequence[Cell], read: Reader) -> Iterator[Table]:
    """Tables of all places where two methods or more were scored, full codes before truncated.

    Raises ValueError for a method that is there in two configurations, and for damaged units.
    """
    places: dict[Where, dict[str, Seeds]] = {}
    for method in sorted({cell.method.name for cell in cells if cell.status == "scored"}):
        for place, seeds in rows_of(cells, method).cells.items():
            places.setdefault(place, {})[method] = seeds
    for place in sorted(places):
        if len(places[place]) > 1:
            yield from _of_place(place, places[place], read)


def _of_place(place: Where, methods: Mapping[str, Seeds], read: Reader) -> Iterator[Table]:
    mains = {name: _main(seeds) for name, seeds in methods.items()}
    kept = {
        name: {seed: read(cell, _keys(cell)) for seed, cell in seeds.items() if cell.units_file}
        for name, seeds in methods.items()
    }
    for metric in sorted({main.name for main in mains.values() if main}):
        its = {name: seeds for name, seeds in methods.items() if _is(mains[name], metric)}
        shown = next(main for main in mains.values() if main and main.name == metric)
        sides = Sides(shown, its, {name: kept[name] for name in its})
        for codes in (FULL, TRUNCATED):
            pairs = dict(_pairs(codes, sides))
            if pairs:
                up, cells = shown.higher_is_better, _cells(pairs, its)
                yield Table(place, metric, codes, shown.unit, up, pairs, cells)


def _main(seeds: Seeds) -> Score | None:
    """The main score of full codes, if every seed has the same."""
    found = [s for cell in seeds.values() for s in cell.scores if s.main and s.variant == FULL]
    one = len({score.name for score in found}) == 1 and len(found) == len(seeds)
    return found[0] if one else None


def _is(main: Score | None, metric: str) -> bool:
    return main is not None and main.name == metric


def _keys(cell: Cell) -> list[str]:
    """Under which names the units of a cell's main scores are kept."""
    return [_key(score.name, score.variant) for score in cell.scores if score.main]


def _key(metric: str, codes: str) -> str:
    return metric if codes == FULL else f"{metric}#{codes}"


class Sides:
    """Sides of one metric, each made when it is first asked for."""

    def __init__(
        self,
        score: Score,
        cells: Mapping[str, Seeds],
        kept: Mapping[str, Mapping[int, Mapping[str, StoredUnits]]],
    ) -> None:
        self.metric, self.unit = score.name, score.unit
        self.cells = cells
        self.kept = kept
        self.dense = {
            (name, seed)
            for name, seeds in cells.items()
            for seed, cell in seeds.items()
            if any((s.name, s.variant) == (score.name, TRUNCATED) for s in cell.scores)
        }
        """Where codes are denser than the budget, and so truncated as well."""
        self.made: dict[tuple[str, int, str], Side | None] = {}

    def of(self, method: str, seed: int, codes: str) -> Side | None:
        """A side; None where no units were kept. Raises UnpairedError where there is no score."""
        kind = codes if (method, seed) in self.dense else FULL
        place = (method, seed, kind)
        if place not in self.made:
            units = self.kept[method].get(seed, {}).get(_key(self.metric, kind))
            try:
                self.made[place] = None if units is None else side(units, self.metric)
            except ValueError as error:
                raise UnpairedError("undefined", str(error)) from None
        return self.made[place]


def _pairs(codes: str, sides: Sides) -> Iterator[tuple[Names, Pair]]:
    """Pairs of one table. Of truncated codes those in which one side at least is cut."""
    for a, b in combinations(sorted(sides.cells), 2):
        seeds = tuple(sorted(sides.cells[a].keys() & sides.cells[b].keys()))
        if codes == FULL or any((name, seed) in sides.dense for name in (a, b) for seed in seeds):
            yield (a, b), _pair(a, b, codes, seeds, sides)


def _pair(a: str, b: str, codes: str, seeds: tuple[int, ...], sides: Sides) -> Pair:
    if not seeds:
        return Pair(refused="seeds")
    try:
        both = [(sides.of(a, seed, codes), sides.of(b, seed, codes)) for seed in seeds]
        found = over_common_seeds(both, unit=sides.unit, name=sides.metric)
    except UnpairedError as error:
        return Pair(seeds=seeds, refused=error.code)
    return Pair(found.value, found.low, found.high, found.p, found.n, seeds)


def _cells(pairs: Mapping[Names, Pair], methods: Mapping[str, Seeds]) -> dict[str, dict[int, str]]:
    """The cells that these pairs are of, by the start of their keys."""
    used: dict[str, set[int]] = {}
    for names, pair in pairs.items():
        for name in names:
            used.setdefault(name, set()).update(pair.seeds)
    return {
        name: {seed: methods[name][seed].key[:STAMP] for seed in sorted(used[name])}
        for name in sorted(used)
    }
