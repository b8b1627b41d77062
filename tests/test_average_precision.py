"""Average precision against every order of the tied, and what queries find, by hand."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
import torch

from benchmark.contracts import Concepts
from benchmark.metrics.average_precision import average_precision
from benchmark.metrics.queries import NEAREST, asked, gallery, overlap
from tests.subjects import activations


def in_every_order(scores: np.ndarray, relevant: np.ndarray) -> float:
    """The mean over all orders of the candidates, sorted by score."""
    found = []
    for order in permutations(range(len(scores))):
        ranked = sorted(order, key=lambda i: -scores[i])
        hit = relevant[ranked]
        found.append((hit * hit.cumsum() / np.arange(1, len(hit) + 1)).sum() / hit.sum())
    return float(np.mean(found))


@pytest.mark.parametrize("seed", range(6))
def test_ties_count_by_expectation_and_what_is_not_counted_is_no_candidate(seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.integers(-1, 2, (4, 6))
    relevant = rng.random((4, 6)) < 0.5
    relevant[:, 0] = True
    counted = relevant | (rng.random((4, 6)) < 0.6)
    found = average_precision(scores, relevant, counted)
    for row, (score, hit, kept) in enumerate(zip(scores, relevant, counted, strict=True)):
        assert found[row] == pytest.approx(in_every_order(score[kept], hit[kept]), abs=1e-12)


def test_known_averages() -> None:
    scores = np.array([[4, 3, 2, 1], [4, 3, 2, 1], [1, 2, 3, 4]])
    relevant = np.array([[1, 0, 1, 0], [1, 1, 0, 0], [0, 0, 0, 0]], dtype=bool)
    assert average_precision(scores, relevant).tolist() == [pytest.approx((1 + 2 / 3) / 2), 1, 0]


def test_a_query_that_ties_everything_scores_what_a_random_order_does() -> None:
    """One relevant of n: the mean of 1 / rank; all relevant: 1, whatever the order."""
    n = 50
    one = np.arange(n) == 17
    found = average_precision(np.zeros((2, n), int), np.stack([one, np.ones(n, bool)]))
    assert found.tolist() == [pytest.approx(np.mean(1 / np.arange(1, n + 1))), pytest.approx(1)]


def test_no_query_leans_on_its_neighbours() -> None:
    rng = np.random.default_rng(0)
    scores = rng.integers(-(10**6), 10**6 + 1, (30, 40))
    relevant = rng.random((30, 40)) < 0.2
    whole = average_precision(scores, relevant)
    alone = [average_precision(scores[i : i + 1], relevant[i : i + 1])[0] for i in range(30)]
    assert whole.tolist() == alone


def four_pictures() -> tuple[torch.Tensor, Concepts]:
    """Axes 0 and 1 are things; pictures 0 and 1 show one each, 2 both, 3 neither."""
    rows = torch.tensor([[1.0, 0, 0], [0, 1, 0], [1, 1, 0], [0, 0, 1]])
    shows = rows[:, :2].numpy().astype(bool)
    return rows, Concepts(("a", "b"), ("thing", "thing"), shows, shows)


def test_what_a_query_finds_by_hand() -> None:
    """The base of both is picture 0; the query leans towards thing b, and passes its own picture.

    Pictures but the base that show b are 1 and 2; so do their captions, and 0's own does not.
    """
    rows, concepts = four_pictures()
    of = gallery(activations(rows, rows, concepts=concepts))
    base, concept = np.array([0, 0]), np.array([1, 1])
    found = asked(of, np.array([[1.0, 0, 0.1], [1.0, 2.0, 0.1]]), base, concept)
    assert found.images.tolist() == [pytest.approx((1 + 2 / 3) / 2), 1]
    assert found.captions.tolist() == [pytest.approx((1 / 2 + 2 / 4) / 2), 1]
    assert found.own.tolist() == [1, 1]
    assert sorted(found.nearest[0].tolist()) == [-1, -1, -1, 3]


def test_length_of_a_query_does_not_matter() -> None:
    rows, concepts = four_pictures()
    of = gallery(activations(rows, rows, concepts=concepts))
    query, base, concept = np.array([[0.3, 0.5, 0.1]]), np.array([0]), np.array([1])
    one, ten = asked(of, query, base, concept), asked(of, 10 * query, base, concept)
    assert one.images == ten.images
    assert one.own == ten.own


def test_no_queries_find_nothing() -> None:
    rows, concepts = four_pictures()
    none = np.zeros(0, dtype=int)
    found = asked(gallery(activations(rows, rows, concepts=concepts)), np.zeros((0, 3)), none, none)
    assert len(found.images) == len(found.nearest) == 0


def test_neighbours_that_stay() -> None:
    before = np.array([[0, 1, 2, 3], [5, -1, -1, -1], [-1, -1, -1, -1]])
    after = np.array([[3, 9, 8, 0], [5, -1, -1, -1], [-1, -1, -1, -1]])
    assert overlap(before, after).tolist() == [0.5, 1, 0]
    rows = torch.eye(30)
    shows = np.zeros((30, 1), dtype=bool)
    shows[:5] = True
    data = activations(rows, rows, concepts=Concepts(("a",), ("thing",), shows, shows))
    found = asked(gallery(data), rows[[7]].numpy().astype(float), np.array([7]), np.array([0]))
    assert sorted(found.nearest[0].tolist()) == [5, 6, *range(8, NEAREST + 6)]
