"""Metrics of both runs: the same to the last digit, or changed, significantly or not."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from benchmark.reports.compare.places import where
from benchmark.reports.compare.rows import (
    adjusted,
    paired_row,
    smallest_told_apart,
    unit_name,
    unpaired_row,
)
from benchmark.reports.compare.verdicts import LEVEL
from benchmark.reports.diff.matching import Pair
from benchmark.reports.diff.records import Change, State
from benchmark.reports.diff.sources import Source
from benchmark.results import Cell, Score
from benchmark.results.bundles import rounded
from benchmark.statistics import StoredUnits

Scores = list[tuple[Score, Score]]
"""One metric of both sides, a seed each."""
OF_A_FIT = ("latent", "direction")
"""Units that two fits share only if they are the same fit."""


@dataclass(frozen=True)
class _Units:
    """Units behind the scores of both sides, each cell's read once, when they are asked for."""

    a: Source
    b: Source
    _read: dict[str, dict[str, StoredUnits]] = field(default_factory=dict)

    def of(
        self, group: Sequence[Pair], name: str
    ) -> Iterator[tuple[StoredUnits | None, StoredUnits | None]]:
        """Of one score, a seed each: those of b and of a, whose difference is what b has more."""
        for pair in group:
            yield self._units(self.b, pair.b, name), self._units(self.a, pair.a, name)

    def _units(self, source: Source, cell: Cell, name: str) -> StoredUnits | None:
        at = f"{source.name} {cell.key}"
        if at not in self._read:
            self._read[at] = source.units_of(cell) or {}
        return self._read[at].get(name)


def changes(a: Source, b: Source, group: Sequence[Pair], *, every: bool) -> Iterator[Change]:
    """Every metric of one method at one place; those that are not to be judged are `changed`."""
    plain = rounded if a.digits or b.digits else _as_it_is
    sides = [
        [{unit_name(s): plain(s) for s in cell.scores} for cell in cells]
        for cells in ([p.a for p in group], [p.b for p in group])
    ]
    units = _Units(a, b)
    names = dict.fromkeys(name for side in sides for scores in side for name in scores)
    found = []
    for name in names:
        has = [[name in scores for scores in side] for side in sides]
        if has[0] != has[1]:
            found.append(_alone(group, sides, name))
            continue
        its = [pair for pair, there in zip(group, has[0], strict=True) if there]
        scores = [(x[name], y[name]) for x, y in zip(*sides, strict=True) if name in x]
        found.append(_change(its, scores, units, every=every))
    yield from sorted(found, key=lambda each: (each.variant, not each.main))


def judged(found: Sequence[Change]) -> Iterator[Change]:
    """Changes with Holm's p over all main metrics, and their state by it."""
    for each, p_holm in zip(found, adjusted([(c.main, c.p) for c in found]), strict=True):
        change = replace(each, p_holm=p_holm)
        p = each.p if p_holm is None else p_holm
        if each.state == "changed" and p is not None:
            told: State = "not significant" if p > 1 - LEVEL else "significant"
            change = replace(change, state=told)
        yield change


def _as_it_is(score: Score) -> Score:
    return score


def _change(group: Sequence[Pair], scores: Scores, units: _Units, *, every: bool) -> Change:
    """One metric that both have with every seed; its state is still to be told where it has a p."""
    first = scores[0][0]
    values = [(x.value, y.value) for x, y in scores]
    bare = _bare(group, first, scores)
    if all(x == y for x, y in values):
        beside = _beside(scores)
        state: State = "beside" if beside else "same"
        return replace(bare, state=state, difference=0.0, p=1.0, says=beside)
    if not (first.main or every):
        return bare
    why = _unlike(group, first)
    if why is None:
        seeds = bare.seeds
        row = unpaired_row(bare.where, seeds, [y for _, y in scores], [x for x, _ in scores])
        row = paired_row(row, first.unit, units.of(group, unit_name(first)))
        if row.p is not None:
            told = {name: getattr(row, name) for name in ("difference", "low", "high", "p", "n")}
            return replace(bare, wide=row.wide, **told)
        why = row.refused or "the interval of the difference is undefined"
    return _by_rows(bare, scores, why)


def _bare(group: Sequence[Pair], first: Score, scores: Scores) -> Change:
    means = [sum(score.value for score in side) / len(side) for side in zip(*scores, strict=True)]
    cell = group[0].a
    return Change(
        method=cell.method.name,
        where=where(cell),
        metric=first.name,
        variant=first.variant,
        main=first.main,
        seeds=tuple(pair.a.seed for pair in group),
        state="changed",
        a=means[0],
        b=means[1],
        difference=means[1] - means[0],
    )


def _alone(
    group: Sequence[Pair], sides: Sequence[Sequence[Mapping[str, Score]]], name: str
) -> Change:
    """A metric that one run does not have, or not with every seed."""
    first = next(scores[name] for side in sides for scores in side if name in scores)
    counts = [sum(name in scores for scores in side) for side in sides]
    cell, n = group[0].a, len(group)
    means = [
        sum(scores[name].value for scores in side) / n if count == n else None
        for side, count in zip(sides, counts, strict=True)
    ]
    says = f"there with {counts[0]} of {n} seeds in A, {counts[1]} in B"
    return Change(
        method=cell.method.name,
        where=where(cell),
        metric=first.name,
        variant=first.variant,
        main=first.main,
        seeds=tuple(pair.a.seed for pair in group),
        state="only",
        a=means[0],
        b=means[1],
        says=says if n > 1 else "",
    )


def _beside(scores: Scores) -> str:
    """What differs in scores of one value: names of fields, and of references."""
    found: dict[str, None] = {}
    for x, y in scores:
        old, new = x.model_dump(), y.model_dump()
        found |= dict.fromkeys(k for k in old if k != "references" and old[k] != new[k])
        before, after = ({r.name: r for r in s.references} for s in (x, y))
        names = [n for n in before | after if before.get(n) != after.get(n)]
        found |= dict.fromkeys(f"reference {name}" for name in names)
    return ", ".join(found)


def _unlike(group: Sequence[Pair], score: Score) -> str | None:
    """Why two runs did not score the same units, as far as their records tell."""
    for pair in group:
        if _items(pair.a) != _items(pair.b):
            return "the two were not scored on the same items"
        fits = pair.a.method.checkpoint_sha256, pair.b.method.checkpoint_sha256
        if score.unit in OF_A_FIT and (fits[0] != fits[1] or fits[0] is None):
            return f"{score.unit}s of two fits are not the same ones"
    return None


def _items(cell: Cell) -> tuple[object, ...]:
    """What decides which examples are scored; the digest of their names where it is known."""
    data = cell.data
    return (data.ids_sha256, data.revision, data.limit)


def _by_rows(change: Change, scores: Scores, why: str) -> Change:
    """Judged as two rows of a table are, by their own intervals over seeds and items."""
    sides = [list(side) for side in zip(*scores, strict=True)]
    limit = smallest_told_apart(sides[0], sides[1])
    if not limit:
        return replace(change, state="unjudged", unpaired=why)
    apart = abs(change.difference or 0.0) > limit
    state: State = "significant" if apart else "not significant"
    return replace(change, state=state, limit=limit, unpaired=why)
