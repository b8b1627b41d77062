"""The training loop: exact gradients, unit rows, seeds, scales, and what it must refuse."""

from __future__ import annotations

import math

import pytest
import torch
from torch.nn.functional import normalize

from benchmark.contracts import Budget, TrainingData
from benchmark.sae.auxk import AuxK
from benchmark.sae.checkpoints import digest
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import disjoint
from benchmark.sae.gates import BatchTopK, JumpReLU
from benchmark.sae.sparse_gate import reconstruct_gated
from benchmark.sae.sparse_step import SparseTopK, dense_topk
from benchmark.sae.sparsity import L1Weight
from benchmark.sae.trainable import Pass, Sae, cosine
from benchmark.sae.training import (
    Optimiser,
    order,
    rows,
    shared_start,
    single,
    train,
    written_pairs,
)
from tests.planted import training, without

SMALL = Budget(n_latents=128, k=6, steps=30, batch_size=64, lr=4e-3)


def same(a: Tower, b: Tower) -> bool:
    return digest(Paired(a, a, disjoint(1, 1))) == digest(Paired(b, b, disjoint(1, 1)))


def explained(tower: Tower, x: torch.Tensor) -> float:
    error = (tower.decode(tower.encode(x)) - x).square().sum()
    return 1 - float(error / (x - x.mean(0)).square().sum())


@pytest.mark.parametrize(("n", "d", "m", "k"), [(64, 16, 96, 5), (1, 8, 32, 1), (50, 8, 16, 16)])
def test_sparse_gradients_are_the_dense_ones(n: int, d: int, m: int, k: int) -> None:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(n, d, generator=g)
    start = [torch.randn(s, generator=g) for s in ((m, d), (m,), (d,), (m, d))]
    found = []
    for step in (SparseTopK.apply, dense_topk):
        weights = [w.clone().requires_grad_() for w in start]
        out, values, _ = step(x, *weights, k)
        other = torch.linspace(0, 1, values.numel()).view(values.shape)
        (out.sin().sum() + (values.sort(dim=1).values * other).sum()).backward()
        found.append([out.detach(), *(w.grad for w in weights)])
    for sparse, dense in zip(*found, strict=True):
        assert torch.allclose(sparse, dense, rtol=1e-5, atol=1e-5 * float(dense.abs().max()))


@pytest.mark.parametrize("bias", [0.0, -1.5, -50.0])
@pytest.mark.parametrize("kind", ["relu", "batchtopk", "jumprelu"])
def test_gradients_of_gates_are_the_dense_ones_however_much_fires(kind: str, bias: float) -> None:
    g = torch.Generator().manual_seed(0)
    x = torch.randn(40, 16, generator=g)
    start = [torch.randn(s, generator=g) / 4 for s in ((96, 16), (96,), (16,), (96, 16))]
    start[1] += bias
    at = torch.rand(96, generator=g) / 4
    found = []
    for sparse in (True, False):
        encoder, b_enc, b_dec, decoder = weights = [w.clone().requires_grad_() for w in start]
        gate = {"relu": None, "batchtopk": BatchTopK(5, 96)}.get(kind, JumpReLU(at, 0.1))
        if sparse:
            out, z = reconstruct_gated(x, *weights, gate)
        else:
            pre = (x - b_dec) @ encoder.T + b_enc
            z = pre.relu() if gate is None else gate(pre)
            out = z @ decoder + b_dec
        total = out.sin().sum() + (z * torch.linspace(-1, 1, z.numel()).view_as(z)).sum()
        if isinstance(gate, JumpReLU):
            total, weights = total + 3 * gate.fired, [*weights, gate.log_threshold]
        total.backward()
        found.append([out.detach(), z.detach(), *(w.grad for w in weights)])
    for mine, theirs in zip(*found, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-5, atol=1e-5 * float(theirs.abs().max()))


def test_a_silent_row_has_no_gradient_but_in_the_decoder_bias() -> None:
    weights = [
        w.requires_grad_()
        for w in (torch.ones(9, 4), torch.full((9,), -50.0), torch.zeros(4), torch.ones(9, 4))
    ]
    SparseTopK.apply(torch.ones(3, 4), *weights, 2)[0].sum().backward()
    assert [bool(w.grad.any()) for w in weights] == [False, False, True, False]  # type: ignore[union-attr]


def test_rows_are_scaled_to_unit_variance_a_dimension() -> None:
    data = training(scale=10.0)
    source = rows(data, "image")
    u = source.take(torch.arange(len(source.x)))
    assert torch.allclose(u.mean(0), source.mean, atol=1e-5)
    assert float((u - source.mean).square().sum(1).mean()) == pytest.approx(32, rel=1e-5)


def test_decoder_rows_keep_unit_norm_and_start_as_the_encoder() -> None:
    data = training()
    start, end = single(data, "image", SMALL, trained=False), single(data, "image", SMALL)
    assert torch.equal(start.W_enc, start.W_dec.T)
    assert torch.allclose(end.W_dec.norm(dim=1), torch.ones(64), atol=1e-6)
    assert not torch.allclose(start.W_dec, end.W_dec, atol=1e-2)
    assert torch.allclose(start.b_dec / start.scale, data.train.image.mean(0), atol=1e-5)


def test_training_explains_the_planted_world() -> None:
    data = training()
    budget = Budget(n_latents=256, k=6, steps=400, batch_size=128, lr=4e-3)
    before, after = single(data, "image", budget, trained=False), single(data, "image", budget)
    assert explained(after, data.val.image) > 0.8
    assert explained(before, data.val.image) < 0.6


def test_the_same_seed_gives_the_same_bits_and_another_seed_does_not() -> None:
    one, two = single(training(), "image", SMALL), single(training(), "image", SMALL)
    assert same(one, two)
    assert not same(one, single(training(seed=1), "image", SMALL))


def test_global_randomness_is_neither_read_nor_moved() -> None:
    torch.manual_seed(0)
    state = torch.random.get_rng_state()
    one = single(training(), "text", SMALL)
    assert torch.equal(state, torch.random.get_rng_state())
    torch.manual_seed(1)
    assert same(one, single(training(), "text", SMALL))


def test_the_two_towers_start_independently() -> None:
    data = training()
    image, text = (single(data, m, SMALL, trained=False) for m in ("image", "text"))
    assert (
        float((normalize(image.W_dec, dim=1) * normalize(text.W_dec, dim=1)).sum(1).abs().max())
        < 0.7
    )


def test_the_two_towers_draw_from_seeds_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: dict[str, list[str]] = {"image": [], "text": []}
    real = TrainingData.generator
    for side, names in drawn.items():

        def spy(self: TrainingData, name: str, names: list[str] = names) -> torch.Generator:
            names.append(name)
            return real(self, name)

        monkeypatch.setattr(TrainingData, "generator", spy)
        single(training(), side, SMALL)  # type: ignore[arg-type]
    assert len({*drawn["image"], *drawn["text"]}) == 4


def test_the_units_of_the_data_change_nothing_but_the_units() -> None:
    """A power of two is exact in floating point, so that not one bit of the codes may move."""
    one, other = training(), training(scale=8.0)
    a, b = single(one, "image", SMALL), single(other, "image", SMALL)
    assert torch.equal(a.W_enc, b.W_enc)
    x = one.val.image
    assert torch.equal(a.encode(x).dense(), b.encode(8 * x).dense())
    assert torch.equal(8 * a.decode(a.encode(x)), b.decode(b.encode(8 * x)))
    ten = single(training(scale=10.0), "image", SMALL)
    assert explained(ten, 10 * x) == pytest.approx(explained(a, x), abs=0.01)


def test_every_row_is_seen_once_before_any_is_seen_twice() -> None:
    seen = order(10, Budget(n_latents=2, k=1, steps=5, batch_size=6), torch.Generator())
    assert seen.shape == (5, 6)
    flat = seen.flatten()
    for start in (0, 10, 20):
        assert sorted(flat[start : start + 10].tolist()) == list(range(10))


def test_schedule_warms_up_then_falls_to_nothing() -> None:
    how = Optimiser()
    rates = [how.rate(step, 200) for step in range(200)]
    assert rates[0] == pytest.approx(0.1)
    assert max(rates) == rates[9] == rates[10] == 1
    assert rates == sorted(rates[:10]) + sorted(rates[10:], reverse=True)
    assert rates[-1] < 1e-3
    assert {Optimiser(schedule="constant").rate(s, 9) for s in range(9)} == {1.0}


def test_gradients_are_clipped_dictionary_by_dictionary() -> None:
    """A wild companion must not slow a dictionary down: they meet in the loss alone."""
    data = training()
    alone, beside, wild = (shared_start(data, SMALL)[0] for _ in range(3))
    u = rows(data, "image").take(torch.arange(64))

    def gentle(sae: Sae) -> torch.Tensor:
        return (sae(u).out - u).square().mean()

    train([alone], lambda _: gentle(alone), SMALL, data, "alone")
    train([beside, wild], lambda _: gentle(beside) + 1e4 * gentle(wild), SMALL, data, "both")
    assert torch.equal(alone.encoder, beside.encoder)


def test_cosine_of_sparse_codes_is_the_dense_one() -> None:
    g = torch.Generator().manual_seed(0)
    index = [torch.rand(20, 15, generator=g).argsort(dim=1)[:, :4] for _ in range(2)]
    value = [torch.rand(20, 4, generator=g) for _ in range(2)]
    value[0][3] = 0
    dense = [torch.zeros(20, 15).scatter(1, i, v) for i, v in zip(index, value, strict=True)]
    sparse = [Pass(torch.zeros(1), v, i) for i, v in zip(index, value, strict=True)]
    found = cosine(sparse[0], sparse[1], 15)
    assert torch.allclose(found, torch.cosine_similarity(*dense), atol=1e-6)
    assert found[3] == 0
    both = [Pass(torch.zeros(1), d, None) for d in dense]
    assert torch.allclose(found, cosine(both[0], both[1], 15), atol=1e-6)


def test_a_sparse_start_fires_k_latents() -> None:
    data = training()
    source = rows(data, "image")
    u = source.take(torch.arange(1000))
    sae = Sae(source.d, 64, None, source.mean, data.generator("w"))
    assert float((sae(u).values > 0).sum(1).float().mean()) > 20
    sae.start_sparse(u, 6)
    fires = (sae(u).values > 0).float()
    assert float(fires.sum(1).mean()) == pytest.approx(6, rel=0.02)
    assert float(fires.mean(0).std()) < 0.01


def test_the_l1_weight_follows_l0_and_a_fixed_one_does_not_move() -> None:
    many, few = torch.ones(10, 50), torch.zeros(10, 50)
    weight = L1Weight(1.0, target=5)
    weight.observe(many, 1.0)
    assert weight.value > 1
    sunk = L1Weight(1.0, target=5)
    sunk.observe(few, 1.0)
    assert 0 < sunk.value < 1
    fixed = L1Weight(0.3, None)
    fixed.observe(many, 1.0)
    assert fixed.value == 0.3
    assert fixed.l0 == 50
    assert math.isfinite(sunk.value)


def test_constant_rows_and_token_rows_are_one_clear_line() -> None:
    data = training()
    with pytest.raises(ValueError, match="all 2000 image rows of train are equal"):
        rows(without(data, image=torch.ones(2000, 32)), "image")
    tokens = without(
        data, image=data.train.image.repeat(2, 1), image_owner=torch.arange(2000).repeat(2)
    )
    with pytest.raises(ValueError, match="4000 image rows for 2000 images"):
        written_pairs(tokens.train)


def test_batch_topk_keeps_k_on_average_and_settles_on_one_threshold() -> None:
    g = torch.Generator().manual_seed(0)
    gate, pre = BatchTopK(3, 20), torch.randn(50, 20, generator=g)
    z = gate(pre)
    assert int((z > 0).sum()) == 150
    assert set((z > 0).sum(1).tolist()) != {3}
    gate.settle(pre)
    assert int((pre >= gate.threshold).sum()) == 150


def test_jumprelu_is_a_jump_and_only_thresholds_near_a_row_move() -> None:
    gate = JumpReLU(torch.tensor([1.0, 1.0, 1.0]), bandwidth=0.5)
    pre = torch.tensor([[0.9, 1.1, 3.0]], requires_grad=True)
    z = gate(pre)
    assert torch.allclose(z, torch.tensor([[0.0, 1.1, 3.0]]))
    gate.fired.backward()
    assert gate.fired.detach() == 2
    grad = gate.log_threshold.grad
    assert grad is not None
    assert torch.allclose(grad, torch.tensor([-2.0, -2.0, 0.0]))
    assert pre.grad is None or not pre.grad.any()


def test_auxk_moves_dead_latents_only_and_is_silent_while_none_is_dead() -> None:
    data = training()
    sae, source = shared_start(data, SMALL)
    u = source["image"].take(torch.arange(50))
    dead = torch.arange(128) >= 100
    with torch.no_grad():
        sae.b_enc[dead] = -100.0
    term = AuxK(sae, 1.0, patience=2)
    assert [float(term(u, sae(u)).detach()) for _ in range(2)] == [0.0, 0.0]
    with torch.no_grad():
        sae.b_enc[dead] = 0.5
    silent = sae(u)
    term.silent[dead] = 99
    seen = Pass(silent.out, torch.where(dead[silent.indices], 0, silent.values), silent.indices)
    term.silent[~dead] = 0
    term(u, seen).backward()
    assert sae.decoder.grad is not None
    assert sae.decoder.grad[dead].any()
    assert not sae.decoder.grad[~dead].any()
