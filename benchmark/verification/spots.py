"""Main scores by where they were computed, over the seeds of a group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.results import Cell, Score
from benchmark.verification.rescoring import Pair

Key = tuple[str, str | None, str, str, str, str]


@dataclass(frozen=True)
class Column:
    """One main score of a group, seed by seed: as it was recorded, and as it was found."""

    backend: str
    site: str | None
    task: str
    variant: str
    metric: str
    codes: str
    seeds: tuple[int, ...]
    recorded: tuple[Score, ...]
    again: tuple[Score, ...]

    @property
    def spot(self) -> dict[str, object]:
        """The fields that every row of a verification begins with."""
        names = ("backend", "site", "task", "variant", "metric", "codes", "seeds")
        return {name: getattr(self, name) for name in names}

    @property
    def key(self) -> Key:
        return (self.backend, self.site, self.task, self.variant, self.metric, self.codes)


def columns(pairs: Iterable[Pair]) -> list[Column]:
    """Every main score that both sides have, at the seeds where both have it."""
    found: dict[Key, list[tuple[int, Score, Score]]] = {}
    for pair in pairs:
        again = {(s.name, s.variant): s for s in pair.again.scores}
        for score in pair.recorded.scores:
            other = again.get((score.name, score.variant))
            if score.main and other is not None:
                key = _key(pair.recorded, score)
                found.setdefault(key, []).append((pair.recorded.seed, score, other))
    made = []
    for key, rows in found.items():
        seeds, recorded, again_ = zip(*sorted(rows, key=lambda row: row[0]), strict=True)
        made.append(Column(*key, seeds, recorded, again_))
    return made


def _key(cell: Cell, score: Score) -> Key:
    where = (cell.backend.name, cell.site, cell.task.name, cell.variant)
    return (*where, score.name, score.variant)


def mean(scores: Sequence[Score]) -> float:
    """Mean value over seeds."""
    return float(np.mean([score.value for score in scores]))


def item_se(scores: Sequence[Score]) -> float | None:
    """Standard error of that mean over items: seeds share them, so it is no smaller than of one.

    None where one of the scores has no interval.
    """
    errors = [score.se for score in scores if score.se is not None]
    return float(np.sqrt(np.mean(np.square(errors)))) if len(errors) == len(scores) else None
