"""Ranks under ties against every order of the tied, and against a dense rank written plainly."""

from __future__ import annotations

from itertools import pairwise, permutations
from math import comb

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.contracts import SparseCodes
from benchmark.metrics.negatives import preferred
from benchmark.metrics.ranking import (
    Standing,
    by_query,
    expected_hit,
    expected_reciprocal_rank,
    pessimistic_hit,
    rank,
    rank_again,
)
from benchmark.metrics.similarity import blocks, overlaps, pair_scores, unit_rows


def standing(above: int, tied: int, relevant: int) -> Standing:
    return Standing(*(np.array([n]) for n in (above, tied, relevant)))


def ranked_first(scores: list[int], relevant: set[int], k: int) -> float:
    """Share of all orders that respect the scores in which a relevant one is among the first k."""
    hits = []
    for order in permutations(range(len(scores))):
        if all(scores[a] >= scores[b] for a, b in pairwise(order)):
            hits.append(bool(relevant & set(order[:k])))
    return float(np.mean(hits))


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.integers(0, 2), min_size=2, max_size=6),
    st.integers(1, 3),
    st.integers(1, 6),
)
def test_expected_hit_is_the_mean_over_all_orders(
    scores: list[int], n_relevant: int, k: int
) -> None:
    relevant = set(range(min(n_relevant, len(scores))))
    best = max(scores[j] for j in relevant)
    found = standing(
        sum(s > best for s in scores),
        sum(s == best for s in scores),
        sum(scores[j] == best for j in relevant),
    )
    expected = ranked_first(scores, relevant, k)
    assert expected_hit(found, k)[0] == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("s", "b", "g", "k"),
    [(0, 1, 1, 1), (3, 9, 2, 5), (0, 25_010, 5, 10), (9, 2, 1, 10), (4, 7, 7, 5)],
)
def test_expected_hit_is_the_formula(s: int, b: int, g: int, k: int) -> None:
    t = min(k - s, b)
    assert expected_hit(standing(s, b, g), k)[0] == pytest.approx(
        1 - comb(b - g, t) / comb(b, t), rel=1e-12
    )


def test_no_hit_when_k_better_ones_stand_above() -> None:
    assert expected_hit(standing(5, 3, 1), 5)[0] == 0
    assert expected_hit(standing(4, 1, 1), 5)[0] == 1


def test_the_pessimist_counts_every_tie_against() -> None:
    assert pessimistic_hit(standing(0, 1, 1), 1)[0] == 1
    assert pessimistic_hit(standing(0, 2, 1), 1)[0] == 0
    assert pessimistic_hit(standing(3, 7, 1), 10)[0] == 1
    assert pessimistic_hit(standing(3, 8, 1), 10)[0] == 0


def test_reciprocal_rank_under_ties_by_hand() -> None:
    assert expected_reciprocal_rank(standing(0, 1, 1))[0] == 1
    assert expected_reciprocal_rank(standing(1, 2, 1))[0] == pytest.approx((1 / 2 + 1 / 3) / 2)
    assert expected_reciprocal_rank(standing(4, 1, 1))[0] == pytest.approx(1 / 5)


def codes(n: int, width: int, k: int, seed: int, signed: bool = False) -> SparseCodes:
    """Coarse values, so that ties abound; some codes are empty."""
    rng = np.random.default_rng(seed)
    slots = np.argsort(rng.random((n, width)), axis=1)[:, :k]
    values = rng.integers(-1 if signed else 0, 3, (n, k)).astype(np.float32)
    return SparseCodes.from_slots(torch.from_numpy(values), torch.from_numpy(slots), width)


def plainly(a: SparseCodes, b: SparseCodes) -> np.ndarray:
    """Millionths of every cosine, by the definition."""
    x, y = (z.dense().double().numpy() for z in (a, b))
    norms = np.outer(np.linalg.norm(x, axis=1), np.linalg.norm(y, axis=1))
    return np.rint(np.divide(x @ y.T, norms, out=np.zeros(norms.shape), where=norms > 0) * 1e6)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("form", ["sparse", "dense", "mixed"])
def test_ranks_equal_those_of_a_plain_count(
    form: str, signed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.metrics.similarity.CELLS", 300)
    a, b = codes(31, 12, 3, 0, signed), codes(47, 12, 3, 1, signed)
    expected = plainly(a, b)
    if form != "sparse":
        a = SparseCodes(a.dense(), None, 12)
    if form == "dense":
        b = SparseCodes(b.dense(), None, 12)
    rng = np.random.default_rng(2)
    pairs = by_query(np.stack([rng.integers(0, 31, 80), rng.integers(0, 47, 80)], axis=1))
    queries = np.unique(pairs[:, 0])
    found, leaders = rank(unit_rows(a), unit_rows(b), pairs, leaders=True)
    assert leaders is not None
    for q in queries:
        own = pairs[pairs[:, 0] == q, 1]
        best = expected[q, own].max()
        counts = ((expected[q] > best).sum(), (expected[q] == best).sum())
        assert (found.above[q], found.tied[q]) == counts
        assert found.relevant[q] == (expected[q, own] == best).sum()
    again = rank_again(leaders, pairs, pair_scores(unit_rows(a), unit_rows(b), pairs))
    for k in (1, 5, 10):
        assert expected_hit(again.of(queries), k) == pytest.approx(
            expected_hit(found.of(queries), k), abs=1e-15
        )
        assert (
            pessimistic_hit(again.of(queries), k) == pessimistic_hit(found.of(queries), k)
        ).all()


def test_scores_do_not_depend_on_the_block(monkeypatch: pytest.MonkeyPatch) -> None:
    a, b = unit_rows(codes(31, 12, 3, 3)), unit_rows(codes(47, 12, 3, 4))
    whole = np.concatenate([scores for _, scores in blocks(a, b)])
    monkeypatch.setattr("benchmark.metrics.similarity.CELLS", 1)
    single = np.concatenate([scores for _, scores in blocks(a, b)])
    assert whole.shape == (31, 47)
    assert np.array_equal(whole, single)
    everyone = np.stack(np.meshgrid(np.arange(31), np.arange(47), indexing="ij"), -1).reshape(-1, 2)
    assert np.array_equal(pair_scores(a, b, everyone), whole.ravel())


def test_equal_codes_tie_exactly_in_any_scale() -> None:
    a = codes(20, 64, 8, 5)
    scaled = SparseCodes(a.values * 10, a.indices, a.width)
    b = codes(30, 64, 8, 6)
    one = np.concatenate([s for _, s in blocks(unit_rows(b), unit_rows(a))])
    ten = np.concatenate([s for _, s in blocks(unit_rows(b), unit_rows(scaled))])
    assert np.array_equal(one, ten)


def test_an_empty_code_has_cosine_0_and_no_norm() -> None:
    empty = SparseCodes(torch.zeros(2, 1), torch.zeros(2, 1, dtype=torch.long), 12)
    assert not next(blocks(unit_rows(empty), unit_rows(codes(5, 12, 3, 7))))[1].any()
    assert overlaps(unit_rows(empty), unit_rows(codes(5, 12, 3, 7))).tolist() == [0, 0]


def test_overlap_is_of_supports_and_not_of_products() -> None:
    one = SparseCodes.from_dense(torch.tensor([[1.0, 1, 0, 0, 0, 0, 0, 0] * 3]))
    two = SparseCodes.from_dense(torch.tensor([[1.0, -1, 0, 0, 0, 0, 0, 0] * 3]))
    assert overlaps(unit_rows(one), unit_rows(two))[0] == 6


def test_a_negative_is_beaten_tied_or_lost() -> None:
    images = np.eye(3)
    captions = np.eye(3)
    negatives = np.array([[0.6, 0.8, 0], [0, 1.0, 0], [0, 0, 1.0]])
    won = preferred(images, captions * [[1], [1], [-1]], negatives, np.arange(3), np.arange(3))
    assert won.tolist() == [1, 0.5, 0]
