"""One-to-one matches and blind directions on numbers that are known."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest

from benchmark.metrics.chance_cosine import spread_of
from benchmark.metrics.returning import one_to_one
from tests.subjects import unit_rows


def test_the_matching_is_the_best_of_all_and_leaves_out_what_does_not_go_together() -> None:
    rng = np.random.default_rng(0)
    for a, b in ((4, 4), (3, 5)):
        scores = rng.uniform(0, 1, (a, b))
        best = max(scores[range(a), list(p)].sum() for p in permutations(range(b), a))
        assert one_to_one(scores)[1].sum() == pytest.approx(best)
    partner, strength = one_to_one(np.array([[0.9, 0.8], [0.8, -1.0], [-0.5, -0.1]]))
    assert partner.tolist() == [1, 0, -1]
    assert strength.tolist() == [0.8, 0.8, 0]
    assert one_to_one(np.zeros((2, 0)))[0].tolist() == [-1, -1]


def test_directions_that_are_drawn_spread_like_others() -> None:
    rng = np.random.default_rng(0)
    rows = unit_rows(300, 6, 0).double().numpy() * [3, 1, 1, 1, 0, 0] + [2, 0, 0, 0, 0, 0]
    drawn = spread_of(rows).mean + rng.standard_normal((20000, 6)) @ spread_of(rows).root.T
    assert drawn.mean(0) == pytest.approx(rows.mean(0), abs=0.05)
    assert np.cov(drawn.T) == pytest.approx(np.cov(rows.T), abs=0.05)
    blind = spread_of(rows).drawn(50, rng)
    assert np.linalg.norm(blind, axis=1) == pytest.approx(np.ones(50))


@pytest.mark.parametrize("rows", [np.zeros((0, 4)), np.zeros((3, 4)), np.eye(4)[:1]])
def test_few_directions_have_a_spread_too(rows: np.ndarray) -> None:
    drawn = spread_of(rows).drawn(7, np.random.default_rng(0))
    assert np.linalg.norm(drawn, axis=1) == pytest.approx(np.ones(7))
