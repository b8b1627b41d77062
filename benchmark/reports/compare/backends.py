"""All methods on two backends: tiers on each, and whether the orders agree; never raw values."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.reports.compare.places import Where, known, rows_of
from benchmark.reports.compare.rows import standard_error
from benchmark.reports.names import short
from benchmark.results import Cell, Score, read_cells
from benchmark.statistics import (
    Refusal,
    kendall_tau,
    minimum_reliable_difference,
    over_seeds,
    resolved_by,
    tiers,
)


@dataclass(frozen=True)
class Agreement:
    """One main metric on two backends: tier of each method there, 1 the best, and Kendall's τ-b."""

    task: str
    metric: str
    variant: str
    """How codes were taken: "full" or "truncated"."""
    first: dict[str, int]
    second: dict[str, int]
    tau: float | None
    reason: str | None
    """Why there is no τ."""


@dataclass(frozen=True)
class Across:
    """Two backends over every task that both were scored on."""

    backends: tuple[str, str]
    rows: tuple[Agreement, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The agreement as plain data."""
        return asdict(self)


def compare_across(folder: Path, backends: tuple[str, str], methods: Sequence[str] = ()) -> Across:
    """Tiers of all unsupervised methods on two backends, for every main metric both have.

    Two methods are told apart where their means over seeds differ by more than the minimum
    reliable difference. `methods` must be there on both. Raises ValueError in one line for an
    unknown name, for two places that could be meant, and where nothing is in common.
    """
    cells, problems = read_cells(folder)
    backends = (_canonical(backends[0], cells), _canonical(backends[1], cells))
    if backends[0] == backends[1]:
        raise ValueError(f"{short(backends[0])} against itself: name two backends")
    for backend in backends:
        there = [c.method.name for c in cells if c.backend.name == backend]
        for method in methods:
            known(method, there, f"method (on {short(backend)})")
    kept = [c for c in cells if c.status == "scored" and not c.method.supervised]
    notes = list(problems)
    left = sorted({c.method.name for c in cells if c.method.supervised})
    if left:
        notes.append(f"supervised, so shown but not ranked: {', '.join(left)}")
    places = [_at_one_site([c for c in kept if c.backend.name == b], notes) for b in backends]
    sides = [_questions(cells, notes) for cells in places]
    rows = [_agreement(q, sides[0][q], sides[1][q]) for q in sorted(sides[0].keys() & sides[1])]
    if not rows:
        names = " and ".join(map(short, backends))
        raise ValueError(f"{names} have no scored task in common: run both")
    return Across(backends, tuple(rows), tuple(dict.fromkeys(notes)))


def _canonical(given: str, cells: Sequence[Cell]) -> str:
    """The backend's name in the records, also where its short form was given."""
    names = dict.fromkeys(cell.backend.name for cell in cells)
    if given in names:
        return given
    known(given, map(short, names), "backend")
    return next(name for name in names if short(name) == given)


def _at_one_site(cells: Sequence[Cell], notes: list[str]) -> list[Cell]:
    """Cells of one backend at the site that most methods have, the first of equals."""
    methods: dict[str, set[str]] = {}
    for cell in cells:
        if cell.site is not None:
            methods.setdefault(cell.site, set()).add(cell.method.name)
    if len(methods) < 2:
        return list(cells)
    best = max(methods, key=lambda site: len(methods[site]))
    others = ", ".join(site for site in methods if site != best)
    notes.append(f"{short(cells[0].backend.name)} is ranked at {best}, left out: {others}")
    return [cell for cell in cells if cell.site in (None, best)]


Question = tuple[str, int, str, str, bool, str, str]
"""Task, version, variant, split, centred, metric, variant of the codes."""


def _questions(cells: Sequence[Cell], notes: list[str]) -> dict[Question, dict[str, list[Score]]]:
    """Main scores over seeds by question and method, on one backend."""
    found: dict[Question, dict[str, list[Score]]] = {}
    places: dict[Question, Where] = {}
    for method in sorted({cell.method.name for cell in cells}):
        rows = rows_of(cells, method)
        notes += rows.notes
        for place, seeds in rows.cells.items():
            for score in (s for cell in seeds.values() for s in cell.scores if s.main):
                asked = (place.task, place.version, place.variant, place.split, place.centred)
                question = (*asked, score.name, score.variant)
                _check_one_place(places.setdefault(question, place), place)
                found.setdefault(question, {}).setdefault(method, []).append(score)
    return found


def _check_one_place(known_place: Where, place: Where) -> None:
    if place != known_place:
        raise ValueError(
            f"{place} was scored in two places ({known_place.site}, "
            f"{known_place.data}, limit {known_place.limit}, revision {known_place.revision} and "
            f"{place.site}, {place.data}, limit {place.limit}, revision {place.revision}): "
            f"give each its own folder"
        )


def _agreement(
    question: Question, first: Mapping[str, list[Score]], second: Mapping[str, list[Score]]
) -> Agreement:
    ranked = [_tiers(side) for side in (first, second)]
    tau = kendall_tau(*ranked)
    return Agreement(
        task=question[0],
        metric=question[5],
        variant=question[6],
        first=ranked[0],
        second=ranked[1],
        tau=None if isinstance(tau, Refusal) else tau,
        reason=tau.reason if isinstance(tau, Refusal) else None,
    )


def _tiers(side: Mapping[str, list[Score]]) -> dict[str, int]:
    """Tiers of methods by their means over seeds and the minimum reliable difference of a pair."""
    over = {
        name: over_seeds([s.value for s in scores], [standard_error(s) for s in scores])
        for name, scores in side.items()
    }
    means = {name: each.value for name, each in over.items()}
    up = next(iter(side.values()))[0].higher_is_better

    def smallest(a: str, b: str) -> float:
        return minimum_reliable_difference(over[a].se, over[b].se)

    return tiers(means, resolved_by(means, smallest), higher_is_better=up is not False)
