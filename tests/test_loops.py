"""Compiled loops of the CPU: the best assignment and its proof, ranks without dense scores."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from benchmark.contracts import SparseCodes
from benchmark.kernels.assignment import cpu
from benchmark.kernels.assignment.cpu import assign, certificate
from benchmark.metrics.ranking import by_query, rank
from benchmark.metrics.similarity import unit_rows

KINDS = {
    "numbers": lambda s: s,
    "ties": np.round,
    "few above 0": lambda s: s - 1.5,
    "none above 0": lambda s: -np.abs(s),
    "all equal": lambda s: np.full_like(s, 0.3),
    "one dear column": lambda s: np.where(np.arange(s.shape[1]) == 0, s + 5, s),
}


@pytest.mark.parametrize("kind", KINDS)
@settings(deadline=None, derandomize=True, max_examples=40)
@given(size=st.tuples(st.integers(1, 40), st.integers(1, 40)), seed=st.integers(0, 10**6))
def test_no_assignment_is_better(kind: str, size: tuple[int, int], seed: int) -> None:
    scores = KINDS[kind](np.random.default_rng(seed).normal(size=size))
    positive = np.maximum(scores, 0)
    rows, columns = assign(scores)
    best = positive[linear_sum_assignment(positive, maximize=True)].sum()
    assert positive[rows, columns].sum() == pytest.approx(best, abs=1e-9)
    assert len(set(rows)) == len(set(columns)) == len(rows) == min(size)


@pytest.mark.parametrize("noise", [0.005, 0.05])
def test_long_rows_are_looked_at_whole_where_the_best_few_do_not_settle_it(noise: float) -> None:
    generator = np.random.default_rng(0)
    scores = generator.normal(size=(300, 400)) * noise
    scores[np.arange(300), generator.permutation(400)[:300]] += 0.1 * generator.random(300)
    scores[:, :40] += 0.2
    positive = np.maximum(scores, 0)
    best = positive[linear_sum_assignment(positive, maximize=True)].sum()
    assert positive[assign(scores)].sum() == pytest.approx(best, abs=1e-9)


def test_a_proof_that_fails_is_seen_and_scipy_decides(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = np.array([[0.5, 0.4], [0.4, 0.1]])
    proof = np.array([0.4, 0.3]), np.array([0.1, 0.0])
    assert certificate(scores, np.array([1, 0]), *proof) == pytest.approx(0)
    assert certificate(scores, np.array([0, 1]), *proof) > 0.1
    assert certificate(scores, np.array([1, 0]), proof[0], -proof[1]) > 0.1
    monkeypatch.setattr(cpu, "certificate", lambda *_: 1.0)
    assert assign(scores)[1].tolist() == [1, 0]


def test_nothing_is_assigned_to_nothing() -> None:
    assert [len(side) for side in assign(np.zeros((0, 3)))] == [0, 0]
    with pytest.raises(ValueError, match="scores have NaN or infinity, wanted numbers"):
        assign(np.array([[np.nan]]))


@settings(deadline=None, derandomize=True)
@given(
    n=st.integers(1, 30),
    m=st.integers(1, 30),
    width=st.integers(1, 12),
    kept=st.sampled_from([0.0, 0.3, 1.0]),
    signed=st.booleans(),
    seed=st.integers(0, 10**6),
)
def test_ranks_are_those_of_all_scores(
    n: int, m: int, width: int, kept: float, signed: bool, seed: int
) -> None:
    generator = torch.Generator().manual_seed(seed)
    queries, candidates = (_codes(size, width, kept, signed, generator) for size in (n, m))
    pairs = torch.stack(
        [torch.randint(size, (n + m,), generator=generator) for size in (n, m)], dim=1
    ).numpy()
    held = (unit_rows(queries), unit_rows(candidates), by_query(pairs))
    fast, fast_leaders = rank(*held, leaders=True)
    slow, slow_leaders = rank(*held, leaders=True, every=True)
    asked = np.unique(pairs[:, 0])
    for name in ("above", "tied", "relevant"):
        assert getattr(fast, name)[asked].tolist() == getattr(slow, name)[asked].tolist()
    assert fast_leaders is not None
    assert slow_leaders is not None
    assert fast_leaders.scores.tolist() == slow_leaders.scores.tolist()
    assert fast_leaders.tied_at_last.tolist() == slow_leaders.tied_at_last.tolist()


def _codes(
    n: int, width: int, kept: float, signed: bool, generator: torch.Generator
) -> SparseCodes:
    values = torch.randint(1, 4, (n, width), generator=generator).float()
    if signed:
        values *= torch.randint(2, (n, width), generator=generator) * 2 - 1
    values *= torch.rand(n, width, generator=generator) < kept
    return SparseCodes.from_slots(values, torch.arange(width).expand(n, -1), width)
