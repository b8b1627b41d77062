"""From two sources of cells to what changed between them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from benchmark.reports.compare.places import where
from benchmark.reports.diff.facts import came_out, ran_with
from benchmark.reports.diff.matching import Matched, Pair, match, together
from benchmark.reports.diff.metrics import changes, judged
from benchmark.reports.diff.records import Change, Diff, Fact, Named, Turned, named
from benchmark.reports.diff.sources import Source
from benchmark.results import Cell, canonical

FieldsOf = Callable[[Pair], Iterable[tuple[str, Any, Any]]]


def differences(a: Source, b: Source, *, every: bool = False) -> Diff:
    """What changed from a to b; without `every` only main metrics are judged, others counted.

    Paired over units where both runs kept them and scored the same items, over all common seeds,
    p adjusted by Holm over all main metrics; else by the minimum reliable difference of two rows.
    """
    found = match(a.cells, b.cells)
    notes = list(_notes(a, b, found))
    metrics: list[Change] = []
    for group in together([pair for pair in found.pairs if pair.scored]):
        metrics += changes(a, b, group, every=every)
    return Diff(
        a=a.name,
        b=b.name,
        cells=(len(found.pairs), len(found.only_a), len(found.only_b)),
        only_a=tuple(map(_named, found.only_a)),
        only_b=tuple(map(_named, found.only_b)),
        turned=tuple(_turned(found.pairs)),
        facts=_facts(found.pairs, ran_with),
        outcomes=_facts(found.pairs, came_out),
        changes=tuple(judged(metrics)),
        notes=tuple(notes),
        problems=(*a.problems, *b.problems),
    )


def _notes(a: Source, b: Source, found: Matched) -> Iterator[str]:
    for source, older in zip((a, b), found.older, strict=True):
        if older:
            yield (
                f"{source.name} holds {older} cells of experiments that it has again, by other "
                f"code, package, revision or sibling seeds: the latest of each is looked at"
            )
    for source in (a, b):
        if source.digits:
            yield f"{source.name} is packed: all numbers are compared in {source.digits} digits"


def _named(cell: Cell) -> Named:
    return named(cell, where(cell))


def _turned(pairs: Sequence[Pair]) -> Iterator[Turned]:
    for pair in pairs:
        if (pair.a.status, pair.a.reason) != (pair.b.status, pair.b.reason):
            yield Turned(_named(pair.a), _named(pair.b))


def _facts(pairs: Sequence[Pair], fields: FieldsOf) -> tuple[Fact, ...]:
    """Fields that differ, each with the cells in which it goes from one thing to another."""
    groups: dict[tuple[str, str], tuple[Any, Any, list[Cell]]] = {}
    for pair in pairs:
        for name, old, new in fields(pair):
            step = (name, canonical([old, new]))
            groups.setdefault(step, (old, new, []))[2].append(pair.a)
    return tuple(
        Fact(
            field=name,
            a=old,
            b=new,
            methods=tuple(sorted({cell.method.name for cell in cells})),
            tasks=tuple(sorted({cell.task.name for cell in cells})),
            cells=len(cells),
        )
        for (name, _), (old, new, cells) in sorted(groups.items(), key=lambda item: item[0])
    )
