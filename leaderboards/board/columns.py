"""What a column is read against: floor, ceiling, baselines, and whether its metric is sound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from benchmark.results import Score
from leaderboards.board.choosing import Chosen
from leaderboards.board.places import Pin
from leaderboards.board.tables import Column

Doubts = Mapping[tuple[str, str, int, str], str]
"""(backend, task, version, metric) → why it failed its audit."""
SAME = 9
"""Decimals to which anchors of two rows are the same."""


def doubts(audited: Iterable[Mapping[str, object]]) -> Doubts:
    """Metrics that failed, from the rows that `leaderboards.audits` keeps."""
    return {
        (str(e["backend"]), str(e["task"]), int(str(e["version"])), str(e["metric"])): str(
            e.get("reason") or "it failed its audit"
        )
        for e in audited
        if e["verdict"] == "unreliable"
    }


def column(
    task: str, pin: Pin, backend: str, read: Sequence[Chosen], known: Doubts
) -> Column | None:
    """The column of a task from the rows that are read against it; None where none has a score."""
    mains = [score for each in read for _, score in each.mains("full")]
    if not mains:
        return None
    first = mains[0]
    ceilings = {None if s.ceiling is None else round(s.ceiling, SAME) for s in mains}
    return Column(
        task=task,
        metric=first.name,
        unit=first.unit,
        n=max(score.n or 0 for score in mains),
        higher_is_better=first.higher_is_better,
        pin=pin,
        floor=worst_floor(mains),
        ceiling=next(iter(ceilings)) if len(ceilings) == 1 else None,
        baselines=shared_baselines(read),
        doubt=known.get((backend, task, pin.version, first.name), ""),
        n_tiers=0,
        reliable=None,
    )


def worst_floor(scores: Sequence[Score]) -> float | None:
    """The floor that is hardest to stand above."""
    floors = [score.floor for score in scores if score.floor is not None]
    if not floors:
        return None
    return min(floors) if scores[0].higher_is_better is False else max(floors)


def shared_baselines(read: Sequence[Chosen]) -> dict[str, float]:
    """Baselines of one value for every row; rows that patch the backend have their own."""
    found: dict[str, set[float]] = {}
    for each in read:
        if each.cells[0].method.patched is None:
            for _, score in each.mains("full"):
                for reference in score.references:
                    if reference.kind == "baseline":
                        found.setdefault(reference.name, set()).add(round(reference.value, SAME))
    return {name: next(iter(values)) for name, values in found.items() if len(values) == 1}
