"""What a run may claim: its scores against floors and references, and its methods among each other.

A method and its floor or baseline are not paired, because only values and intervals of references
are kept: both errors enter, which is cautious. Two methods are paired on the same units and seeds.
Every family is adjusted by Holm, and nothing is better that is not resolved.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations
from pathlib import Path
from typing import Literal

from benchmark.reports.compare.places import Where, rows_of
from benchmark.reports.compare.rows import paired_row, standard_error, unit_name, unpaired_row
from benchmark.reports.html.claim import Claim, Claims, judged
from benchmark.reports.html.tested import Tested, tested
from benchmark.reports.lineup import CONTROLS
from benchmark.results import Cell, ReferenceScore, Score, read_units
from benchmark.statistics import StoredUnits

MOST_METHODS = 8
"""Methods that are compared each with each; of more, those that stand first."""
Known = dict[str, dict[str, StoredUnits | None]]
"""Units of main scores by the key of their cell."""


def against_references(cells: Sequence[Cell]) -> Claims:
    """Every main score against its floor and its baselines, adjusted as one family."""
    found: list[Claim] = []
    notes: list[str] = []
    for name in _methods(cells):
        for place, seeds in _rows(cells, name, notes).items():
            mains = [s for c in seeds.values() for s in c.scores if s.main and s.variant == "full"]
            if len(mains) == len(seeds):
                found += _of_scores(name, place, mains)
    return Claims(tuple(judged(found)), tuple(dict.fromkeys(notes)))


def _rows(cells: Sequence[Cell], name: str, notes: list[str]) -> dict[Where, dict[int, Cell]]:
    """The cells of a method by place and seed; none, and a note, where it is not clear which."""
    try:
        found = rows_of(cells, name)
    except ValueError as error:
        notes.append(f"{name} is compared with nothing: {error}")
        return {}
    notes += found.notes
    return found.cells


def _of_scores(name: str, place: Where, scores: Sequence[Score]) -> Iterator[Claim]:
    """Claims of one method at one place: the floor, then each baseline that all seeds have."""
    first = scores[0]
    for reference in _read_against(first):
        own = [_same(score, reference) for score in scores]
        if any(each is None for each in own):
            continue
        kind: Literal["floor", "baseline"] = "floor" if reference.kind == "null" else "baseline"
        claim = Claim(
            method=name,
            against=f"floor ({reference.name})" if kind == "floor" else reference.name,
            kind=kind,
            where=place,
            metric=first.name,
            higher_is_better=first.higher_is_better,
            seeds=len(scores),
            value=sum(s.value for s in scores) / len(scores),
            other=sum(each.value for each in own if each) / len(own),
        )
        result = tested(
            [s.value for s in scores],
            [standard_error(s) if has_error(s) else None for s in scores],
            [each.value for each in own if each],
            [_spread(each) for each in own if each],
        )
        yield _with(claim, result)


def has_error(score: Score) -> bool:
    return score.se is not None or score.ci_low is not None


def _with(claim: Claim, result: Tested | str) -> Claim:
    if isinstance(result, str):
        return replace(claim, why=result)
    return replace(claim, low=result.low, high=result.high, p=result.p)


def _read_against(score: Score) -> Iterator[ReferenceScore]:
    """The null that makes the floor, then all baselines."""
    nulls = [r for r in score.references if r.kind == "null" and r.value == score.floor]
    yield from nulls[:1]
    yield from (r for r in score.references if r.kind == "baseline")


def _same(score: Score, of: ReferenceScore) -> ReferenceScore | None:
    named = (r for r in score.references if (r.name, r.kind) == (of.name, of.kind))
    return next(named, None)


def _spread(reference: ReferenceScore) -> float:
    """Standard error, or deviation of draws: a null is not known better than it varies."""
    if reference.ci_low is None or reference.ci_high is None:
        return 0.0
    return (reference.ci_high - reference.ci_low) / (2 * 1.96)


def among_methods(folder: Path, cells: Sequence[Cell]) -> Claims:
    """Every main score of two methods of the run, paired, adjusted as one family.

    Controls are left out where there are more methods than can be told one by one.
    """
    notes: list[str] = []
    names = _methods(cells)
    if len(names) > MOST_METHODS:
        trained = [n for n in names if not is_control(n)]
        kept = trained[:MOST_METHODS]
        notes.append(
            f"{len(names)} methods: each of the first {len(kept)} with each "
            f"({', '.join(kept)}); for others see the verb compare"
        )
        names = kept
    units: Known = {}
    found: list[Claim] = []
    rows = {name: _rows(cells, name, notes) for name in names}
    for a, b in combinations(names, 2):
        found += _paired(folder, (a, rows[a]), (b, rows[b]), units)
    return Claims(tuple(judged(found)), tuple(dict.fromkeys(notes)))


def is_control(name: str) -> bool:
    """Dense codes, oracles, dictionaries of no training: there to be read against."""
    return any(name == known or name.startswith(f"{known}-") for known in CONTROLS)


Named = tuple[str, dict[Where, dict[int, Cell]]]
"""A method and its cells."""


def _paired(folder: Path, one: Named, other: Named, units: Known) -> Iterator[Claim]:
    """Two methods at every place that both were scored at, over the seeds of both."""
    (a, first), (b, second) = one, other
    for place in first.keys() & second.keys():
        seeds = tuple(sorted(first[place].keys() & second[place].keys()))
        sides = [[_main(side[place][s]) for s in seeds] for side in (first, second)]
        if not seeds or None in sides[0] or None in sides[1]:
            continue
        scores = [[score for score in side if score] for side in sides]
        if scores[0][0].name != scores[1][0].name:
            continue
        row = unpaired_row(place, seeds, *scores)
        try:
            name = unit_name(scores[0][0])
            pairs = [
                (
                    _units(folder, first[place][seed], name, units),
                    _units(folder, second[place][seed], name, units),
                )
                for seed in seeds
            ]
            row = paired_row(row, scores[0][0].unit, pairs)
        except ValueError as error:
            row = replace(row, refused=str(error))
        yield Claim(
            method=a,
            against=b,
            kind="method",
            where=place,
            metric=row.metric,
            higher_is_better=row.higher_is_better,
            seeds=len(seeds),
            value=row.a,
            other=row.b,
            low=row.low,
            high=row.high,
            p=row.p,
            why=row.refused,
        )


def _main(cell: Cell) -> Score | None:
    return next((s for s in cell.scores if s.main and s.variant == "full"), None)


def _units(folder: Path, cell: Cell, name: str, known: Known) -> StoredUnits | None:
    """Units of one score of a cell; only main scores stay in memory."""
    kept = known.setdefault(cell.key, {})
    if name not in kept:
        kept[name] = read_units(folder, cell).get(name)
    return kept[name]


def _methods(cells: Sequence[Cell]) -> list[str]:
    """Methods with a scored cell, controls last."""
    found = dict.fromkeys(c.method.name for c in cells if c.status == "scored")
    return sorted(found, key=is_control)
