"""New pairs beside those that ship: a pair is replaced alone, and none outlives its cells."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmark.reports.compare.places import Where, where
from benchmark.results import Cell
from leaderboards.pairs.computing import STAMP
from leaderboards.pairs.records import Names, Pair, Table

Stamps = Mapping[Where, Mapping[tuple[str, int], str]]
"""Starts of keys of the cells that ship, by place, then by method and seed."""


def merged(old: Sequence[Table], new: Iterable[Table], cells: Iterable[Cell]) -> list[Table]:
    """Tables to ship beside these cells, which are all that ship.

    A pair of cells that are there no more is dropped. Of two that may stand, the one over more
    seeds does, and of as many the new one: a run of one seed does not undo five.
    """
    there: dict[Where, dict[tuple[str, int], str]] = {}
    for cell in cells:
        if cell.status == "scored":
            place = there.setdefault(where(cell), {})
            place[cell.method.name, cell.seed] = cell.key[:STAMP]
    tables = {table.key: _standing(table, there) for table in old}
    for table in new:
        known = tables.get(table.key)
        beside = known.pairs if known else {}
        pairs = dict(beside) | {
            names: pair
            for names, pair in _standing(table, there).pairs.items()
            if names not in beside or len(pair.seeds) >= len(beside[names].seeds)
        }
        tables[table.key] = _with(table, pairs, there)
    return [tables[key] for key in sorted(tables) if tables[key].pairs]


def _standing(table: Table, there: Stamps) -> Table:
    """A table with the pairs whose cells ship."""
    here = there.get(table.where, {})
    same = {
        (name, seed)
        for name, seeds in table.cells.items()
        for seed, key in seeds.items()
        if here.get((name, seed)) == key
    }
    methods = {name for name, _ in here}
    pairs = {
        names: pair
        for names, pair in table.pairs.items()
        if methods.issuperset(names)
        and all((name, seed) in same for name in names for seed in pair.seeds)
    }
    return table if len(pairs) == len(table.pairs) else _with(table, pairs, there)


def _with(table: Table, pairs: Mapping[Names, Pair], there: Stamps) -> Table:
    """The table with other pairs, in order, and the cells of these."""
    used: dict[str, set[int]] = {}
    for names, pair in pairs.items():
        for name in names:
            used.setdefault(name, set()).update(pair.seeds)
    here = there.get(table.where, {})
    cells = {name: {seed: here[name, seed] for seed in sorted(used[name])} for name in sorted(used)}
    return Table(
        where=table.where,
        metric=table.metric,
        codes=table.codes,
        unit=table.unit,
        higher_is_better=table.higher_is_better,
        pairs=dict(sorted(pairs.items())),
        cells=cells,
    )
