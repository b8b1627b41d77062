"""Compiled loops of the CPU: the best assignment and its proof, ranks without dense scores."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linear_sum_assignment

from benchmark.contracts import SparseCodes
from benchmark.kernels import adamw
from benchmark.kernels.assignment import cpu
from benchmark.kernels.assignment.cpu import assign, certificate
from benchmark.kernels.bench.hard import ROWS, SIZES
from benchmark.kernels.encode import encode
from benchmark.kernels.encode import reference as plain_encode
from benchmark.kernels.encode.cpu import encode_low
from benchmark.kernels.step.cpu import SparseStep
from benchmark.kernels.topk import nth_largest
from benchmark.kernels.topk import reference as plain_topk
from benchmark.kernels.topk.cpu import topk
from benchmark.metrics.ranking import by_query, rank
from benchmark.metrics.similarity import unit_rows
from benchmark.sae.trainable import Sae, fvu
from tests.steps import plain_step

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


def hard_rows() -> list[tuple[str, tuple[int, int, int], torch.dtype]]:
    sizes = [*SIZES, (3, 63, 5), (2, 200, 200)]
    types = (torch.float32, torch.bfloat16, torch.float16)
    return [(kind, size, dtype) for kind in ROWS for size in sizes for dtype in types]


@pytest.mark.parametrize(("kind", "size", "dtype"), hard_rows())
def test_the_k_largest_are_those_of_the_reference(
    kind: str, size: tuple[int, int, int], dtype: torch.dtype
) -> None:
    n, width, k = size
    rows = ROWS[kind](torch.randn(n, width, generator=torch.Generator().manual_seed(n * width)))
    found, wanted = topk(rows.to(dtype), k), plain_topk.topk(rows.to(dtype), k)
    assert torch.equal(found[0], wanted[0])
    assert torch.equal(found[1], wanted[1])


@pytest.mark.parametrize("kind", ROWS)
@pytest.mark.parametrize("n", [1, 7, 500, 3000])
def test_the_bound_of_a_batch_is_the_nth_largest(kind: str, n: int) -> None:
    rows = ROWS[kind](torch.randn(50, 60, generator=torch.Generator().manual_seed(n)))
    assert torch.equal(nth_largest(rows, n), plain_topk.nth_largest(rows, n))


@pytest.mark.parametrize("n", [0, 10])
def test_there_is_no_nth_largest_of_fewer(n: int) -> None:
    with pytest.raises(ValueError, match="wanted 1 to the 9 entries"):
        nth_largest(torch.ones(3, 3), n)


def test_encode_refuses_nan() -> None:
    x, encoder = torch.randn(4, 3), torch.randn(10, 3)
    x[2, 1] = torch.nan
    with pytest.raises(ValueError, match="1 of 4 rows have NaN, the first is row 2"):
        encode(x, encoder, torch.zeros(10), 2)


def test_nan_is_among_the_values_and_other_types_are_refused() -> None:
    rows = torch.randn(2, 500, generator=torch.Generator().manual_seed(0))
    rows[1, 77] = torch.nan
    assert topk(rows, 3)[0].isnan().any(1).tolist() == [False, True]
    with pytest.raises(ValueError, match=r"rows are torch.float64, wanted float32"):
        topk(rows.double(), 3)


@pytest.fixture
def halves(monkeypatch: pytest.MonkeyPatch) -> None:
    """Low-precision products, on processors as well that are slow at them."""
    monkeypatch.setattr("benchmark.kernels.encode.cpu.halves_on_cpu", lambda: True)


@pytest.mark.usefixtures("halves")
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["fp32", "bf16"])
def test_sparse_steps_are_steps_of_the_training_loop(dtype: torch.dtype) -> None:
    d, m, k = 48, 256, 4
    batches = torch.randn(8, 32, d, generator=torch.Generator().manual_seed(0))
    sae = Sae(d, m, k, torch.zeros(d), torch.Generator().manual_seed(1))
    weights = (sae.encoder, sae.b_enc, sae.b_dec, sae.decoder)
    step = SparseStep(*weights, k, rate=1e-2, clip=0.1, dtype=dtype)
    adam = torch.optim.AdamW(sae.parameters(), lr=1e-2, weight_decay=0.0)
    for u in batches:
        wanted = plain_step([sae], adam, u, 0.1)
        torch.testing.assert_close(step.run(u), wanted, rtol=1e-5, atol=0)
    for found, wanted in zip(step.weights, weights, strict=True):
        torch.testing.assert_close(found.detach(), wanted.detach(), rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("plain", [False, True], ids=["loops", "without kernels"])
def test_the_optimiser_takes_the_steps_of_torchs_own(
    plain: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    batches = torch.randn(6, 32, 24, generator=torch.Generator().manual_seed(0))
    ours, theirs = (
        [Sae(24, 96, 4, torch.zeros(24), torch.Generator().manual_seed(i)) for i in range(2)]
        for _ in range(2)
    )
    if plain:
        monkeypatch.setattr(
            adamw.AdamW,
            "_update",
            lambda self, p, along, state: adamw._plain(
                [adamw.folded(t) for t in (p.data, p.grad, *self.moments[id(p)])],
                along,
                state,
                self.betas,
            ),
        )
    adam = adamw.AdamW(
        [list(sae.parameters()) for sae in ours], [sae.decoder for sae in ours], clip=0.05
    )
    own = torch.optim.AdamW([p for sae in theirs for p in sae.parameters()], 1e-2, weight_decay=0)
    for u in batches:
        wanted = plain_step(theirs, own, u, 0.05)
        adam.zero_grad()
        loss = torch.stack([fvu(sae(u).out, u) for sae in ours]).sum()
        loss.backward()
        adam.step(1e-2)
        torch.testing.assert_close(loss.detach(), wanted, rtol=1e-5, atol=0)
    for found, known in zip(ours, theirs, strict=True):
        for a, b in zip(found.parameters(), known.parameters(), strict=True):
            torch.testing.assert_close(a.detach(), b.detach(), rtol=1e-3, atol=1e-4)
        torch.testing.assert_close(found.decoder.norm(dim=1), torch.ones(96))


def test_a_parameter_without_a_gradient_stays_and_no_gradient_is_no_step() -> None:
    used, unused = (torch.nn.Parameter(torch.ones(3)) for _ in range(2))
    adam = adamw.AdamW([[used, unused]], clip=1.0)
    used.grad = torch.zeros(3)
    adam.step(0.1)
    assert used.tolist() == unused.tolist() == [1, 1, 1]
    used.grad = torch.tensor([3.0, 0, 4.0])
    adam.step(0.1)
    assert used.grad.tolist() == [3, 0, 4]
    assert (used < 1).tolist() == [True, False, True]


@pytest.mark.usefixtures("halves")
def test_a_cheap_product_proposes_and_float32_decides() -> None:
    generator = torch.Generator().manual_seed(0)
    x, encoder = (
        torch.randn(200, 64, generator=generator),
        torch.randn(999, 64, generator=generator),
    )
    b_enc = torch.randn(999, generator=generator)
    found = encode_low(x, encoder, b_enc, 8, torch.bfloat16)
    wanted = plain_encode.encode(x, encoder, b_enc, 8)
    assert torch.equal(found[1], wanted[1])
    torch.testing.assert_close(found[0], wanted[0])


def test_no_product_is_emulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.kernels.encode.cpu.halves_on_cpu", lambda: False)
    x, encoder, b_enc = torch.randn(20, 8), torch.randn(99, 8), torch.randn(99)
    found = encode_low(x, encoder, b_enc, 3, torch.bfloat16)
    for low, full in zip(found, encode(x, encoder, b_enc, 3), strict=True):
        assert torch.equal(low, full)


def test_two_threads_may_call_a_shared_loop_at_once() -> None:
    rows = torch.randn(64, 4096, generator=torch.Generator().manual_seed(0))
    wanted = topk(rows, 8)[1]
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda _: topk(rows, 8)[1], range(20)))
    assert all(torch.equal(each, wanted) for each in found)
