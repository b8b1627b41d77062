"""Public scores against those on a test drawn anew: who is better on what everybody could see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from benchmark.results import Score
from benchmark.statistics import holm, minimum_reliable_difference
from benchmark.statistics.distributions import normal_cdf
from benchmark.submissions.verified import FreshScore
from benchmark.verification.spots import Column, item_se, mean

SIGNIFICANT = 0.01
"""How often an honest submission may be said to overfit: a refusal has to be surer than a star."""


def fresh_scores(public: Sequence[Column], fresh: Sequence[Column]) -> list[FreshScore]:
    """A row for every main score that has a better end, at the seeds that both tests have.

    The two tests are independent samples of items, scored with the same dictionaries: what tells
    them apart is 1.96·√(se² + se²). One row in forty would be ahead by that much by chance, so a
    row counts as overfitted only where Holm's correction over all of them leaves it at 1 %.
    """
    by_key = {column.key: column for column in fresh}
    both = [(column, by_key[column.key]) for column in public if column.key in by_key]
    rows = [
        _row(_at(a, b.seeds), _at(b, a.seeds))
        for a, b in both
        if a.again[0].higher_is_better is not None and set(a.seeds) & set(b.seeds)
    ]
    judged = [row for row in rows if row.p is not None]
    adjusted = iter(holm([row.p for row in judged if row.p is not None]))
    return [_judged(row, next(adjusted)) if row.p is not None else row for row in rows]


def _at(column: Column, seeds: Sequence[int]) -> Column:
    """The column at some of its seeds."""
    places = [i for i, seed in enumerate(column.seeds) if seed in seeds]
    recorded, again = (tuple(s[i] for i in places) for s in (column.recorded, column.again))
    kept = tuple(column.seeds[i] for i in places)
    return replace(column, seeds=kept, recorded=recorded, again=again)


def _row(public: Column, fresh: Column) -> FreshScore:
    a, b = mean(public.again), mean(fresh.again)
    ahead = (a - b) if public.again[0].higher_is_better else (b - a)
    se_a, se_b = item_se(public.again), item_se(fresh.again)
    reliable = p = None
    if se_a is not None and se_b is not None:
        reliable = minimum_reliable_difference(se_a, se_b)
        p = one_sided(ahead, float(np.hypot(se_a, se_b)))
    return FreshScore(
        **public.spot,  # type: ignore[arg-type]
        public=a,
        fresh=b,
        public_floor=_floor(public.again),
        fresh_floor=_floor(fresh.again),
        ahead=ahead,
        reliable=reliable,
        p=p,
    )


def one_sided(ahead: float, se: float) -> float:
    """Probability of being this far ahead by chance."""
    if se == 0:
        return float(ahead <= 0)
    return normal_cdf(-ahead / se)


def _judged(row: FreshScore, p: float) -> FreshScore:
    far = row.reliable is not None and row.ahead > row.reliable
    return row.model_copy(update={"p": p, "overfits": far and p < SIGNIFICANT})


def _floor(scores: Sequence[Score]) -> float | None:
    floors = [score.floor for score in scores if score.floor is not None]
    return float(np.mean(floors)) if floors else None
