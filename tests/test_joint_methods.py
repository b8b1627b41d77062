"""Baselines that bind codes while they train: their terms by hand, budgets, what they buy."""

from __future__ import annotations

from functools import partial

import pytest
import torch
from torch import Tensor

from benchmark.contracts import MODALITIES, Method
from benchmark.sae.checkpoints import parameters
from benchmark.sae.chosen import products_at
from benchmark.sae.dictionaries import Tower, nearness
from benchmark.sae.joint_codes import cosine_below_top, group_norm, strongest
from benchmark.sae.tied import masks
from benchmark.sae.trainable import Pass, Sae
from methods.crosscoder import Crosscoder
from methods.group_sparse import GroupSparse
from methods.iso_energy import IsoEnergy
from methods.separated import Separated
from methods.shared import Shared
from methods.shared_encoder import SharedEncoder
from methods.sparc import Sparc
from methods.vl_sae import VLSAE, Near
from tests.planted import training
from tests.test_methods import TEST, explained, fitted, paired

SMALL = {"n_latents": 96, "k": 6, "steps": 150, "batch_size": 128, "lr": 4e-3}
ALL = [
    IsoEnergy(**SMALL),
    GroupSparse(**SMALL),
    SharedEncoder(**SMALL),
    VLSAE(**SMALL),
    Sparc(**SMALL),
    Crosscoder(**{**SMALL, "steps": 600}),
]


def agreement(method: Method) -> float:
    """Mean cosine of the codes of a pair less that of pairs that do not belong together."""
    image, text = (
        torch.nn.functional.normalize(
            paired(method).align(paired(method).encode(TEST.rows(m), m), m).dense(), dim=1
        )
        for m in MODALITIES
    )
    image = image[TEST.caption_of]
    return float((image * text).sum(1).mean() - (image * text.roll(7, 0)).sum(1).mean())


def sparse(values: list[list[float]], indices: list[list[int]]) -> Pass:
    return Pass(torch.zeros(len(values), 1), torch.tensor(values), torch.tensor(indices))


def dense(code: Pass, m: int) -> Pass:
    assert code.indices is not None
    blank = torch.zeros(len(code.values), m)
    return Pass(code.out, blank.scatter(1, code.indices, code.values), None)


IMAGE = sparse([[3.0, 1.0, 2.0], [0.0, 5.0, 0.0]], [[0, 1, 2], [0, 1, 2]])
TEXT = sparse([[4.0, 2.0, 1.0], [1.0, 0.0, 2.0]], [[1, 2, 4], [0, 1, 3]])


def test_iso_energy_leaves_both_strongest_out_of_both_codes() -> None:
    # pair 0: tops 0 and 1 go; left are (2: 2) against (2: 2, 4: 1). Pair 1: nothing is left of one.
    wanted = torch.tensor([2 / 5**0.5, 0.0])
    assert torch.allclose(cosine_below_top(IMAGE, TEXT, 6), wanted, atol=1e-5)
    full = cosine_below_top(dense(IMAGE, 6), dense(TEXT, 6), 6)
    assert torch.allclose(full, wanted, atol=1e-5)


def test_the_group_norm_of_equal_supports_is_smaller() -> None:
    wanted = torch.tensor([3 + 17**0.5 + 8**0.5 + 1, 1 + 5 + 2])
    assert torch.allclose(group_norm(IMAGE, TEXT, 6), wanted, atol=1e-3)
    assert torch.allclose(group_norm(dense(IMAGE, 6), dense(TEXT, 6), 6), wanted, atol=1e-3)
    one, other = sparse([[3.0]], [[0]]), sparse([[4.0]], [[1]])
    assert float(group_norm(one, one, 4)) < float(group_norm(one, sparse([[3.0]], [[1]]), 4))
    assert float(group_norm(one, other, 4)) == pytest.approx(7, abs=1e-3)


def test_the_terms_have_a_gradient_where_codes_are_empty() -> None:
    empty = torch.zeros(2, 3, requires_grad=True)
    code = Pass(torch.zeros(2, 1), empty, torch.tensor([[0, 1, 2], [0, 1, 2]]))
    (group_norm(code, TEXT, 6).sum() + cosine_below_top(code, TEXT, 6).sum()).backward()
    assert empty.grad is not None
    assert torch.isfinite(empty.grad).all()


def test_the_strongest_are_those_of_largest_logits_and_the_lowest_index_wins_a_tie() -> None:
    logits = torch.tensor([[-1.0, 3.0, 2.0, 3.0], [-1.0, 0.5, 2.0, 0.5]])
    assert [set(row) for row in strongest(logits, 2).tolist()] == [{1, 3}, {1, 2}]


@pytest.mark.parametrize("bias", [True, False])
def test_products_at_places_have_the_gradient_of_dense_ones(bias: bool) -> None:
    generator = torch.Generator().manual_seed(0)
    draw = partial(torch.randn, generator=generator, dtype=torch.float64)
    x, rows, b, weight = draw(7, 5), draw(9, 5), draw(9) * bias, draw(7, 3)
    indices = torch.stack([torch.randperm(9, generator=generator)[:3] for _ in range(7)])
    found = []
    for sparse_way in (True, False):
        leaves = [each.clone().requires_grad_() for each in (x, rows, b)]
        if sparse_way:
            known = torch.addmm(b, x, rows.T)
            values = products_at(*leaves, known, indices)
        else:
            values = torch.addmm(leaves[2], leaves[0], leaves[1].T).gather(1, indices)
        (values.square() * weight).sum().backward()
        found.append((values.detach(), *(leaf.grad for leaf in leaves)))
    for ours, plain in zip(*found, strict=True):
        assert torch.allclose(ours, plain, atol=1e-12)


def test_nearness_is_trained_as_autograd_would_on_all_of_it() -> None:
    generator = torch.Generator().manual_seed(1)
    sae = Near(8, 20, 4, torch.zeros(8), generator)
    u = torch.randn(30, 8, generator=generator)
    seen = sae(u)
    seen.out.square().sum().backward()
    ours = sae.encoder.grad.clone()
    sae.encoder.grad = None
    values = sae.pre_activations(u).gather(1, seen.indices)
    assert torch.allclose(values, seen.values, atol=1e-6)
    sae.rebuilt(values, seen.indices).square().sum().backward()
    assert torch.allclose(ours, sae.encoder.grad, atol=1e-4)
    assert sae.b_enc.grad is None


def test_a_masked_latent_never_fires_and_the_rest_is_as_it_was() -> None:
    generator = torch.Generator().manual_seed(0)
    sae = Sae(8, 20, 4, torch.zeros(8), generator)
    u = torch.randn(30, 8, generator=generator)
    kept = torch.arange(20) % 2 == 0
    seen = sae(u, kept)
    fired = seen.indices[seen.values > 0]
    assert len(fired)
    assert (fired % 2 == 0).all()
    dense_way = torch.relu(sae.pre_activations(u)) * kept
    best = dense_way.topk(4, dim=1).values
    assert torch.allclose(seen.values.sort(1, descending=True).values, best, atol=1e-5)
    seen.out.square().sum().backward()
    assert sae.b_enc.grad is not None
    assert (sae.b_enc.grad[1::2] == 0).all()


def test_masks_leave_the_share_that_was_asked_for() -> None:
    draw = masks(2000, 0.2, training())
    drawn = torch.stack([draw() for _ in range(20)]).double()
    assert float(drawn.mean()) == pytest.approx(0.8, abs=0.01)
    assert not torch.equal(drawn[0], drawn[1])


@pytest.mark.parametrize("masked", [-0.1, 1.0])
def test_a_mask_that_is_no_share_is_refused(masked: float) -> None:
    with pytest.raises(ValueError, match="masked is"):
        GroupSparse(masked=masked)


def test_nearness_is_two_less_the_distance_whatever_the_lengths() -> None:
    u = torch.tensor([[3.0, 0.0]])
    rows = torch.tensor([[5.0, 0.0], [0.0, 2.0], [-1.0, 0.0]])
    assert nearness(u, rows)[0].tolist() == pytest.approx([2, 2 - 2**0.5, 0], abs=1e-5)


@pytest.mark.parametrize("method", ALL, ids=lambda method: type(method).__name__)
def test_parameters_and_active_latents_are_those_of_every_method(method: Method) -> None:
    wanted = parameters(paired(Shared(**SMALL)))
    found = parameters(paired(method))
    assert wanted * 0.97 <= found <= wanted * 1.03, (wanted, found)
    for m in MODALITIES:
        assert int(paired(method).encode(TEST.rows(m), m).l0().max()) <= SMALL["k"]


@pytest.mark.parametrize("method", ALL, ids=lambda method: type(method).__name__)
def test_it_explains_what_it_reads_and_binds_the_pair(method: Method) -> None:
    for m in MODALITIES:
        assert explained(method, m) > 0.2
    assert agreement(method) > agreement(Separated(**SMALL)) + 0.1


def test_the_group_norm_and_the_pull_on_codes_raise_the_agreement_of_shared() -> None:
    plain = agreement(GroupSparse(**SMALL, lambda_g=0.0, masked=0.0))
    assert agreement(GroupSparse(**SMALL, lambda_g=0.3, masked=0.0)) > plain
    assert agreement(IsoEnergy(**SMALL, beta=1.0)) > agreement(IsoEnergy(**SMALL, beta=0.0))


def test_no_weight_is_shared_sae_trained_on_the_same_pairs() -> None:
    plain = paired(IsoEnergy(**SMALL, beta=0.0))
    shared = paired(Shared(**SMALL))
    assert torch.allclose(plain.image.W_enc, shared.image.W_enc, atol=1e-4)
    assert plain.image.b_dec is plain.text.b_dec


def test_one_encoder_is_one_tensor_and_decoders_are_two() -> None:
    dictionary = paired(SharedEncoder(**SMALL))
    assert dictionary.image.W_enc is dictionary.text.W_enc
    assert not torch.allclose(dictionary.image.W_dec, dictionary.text.W_dec, atol=1e-2)
    assert dictionary.width == SMALL["n_latents"] * 2 // 3


def test_the_code_of_vl_sae_is_positive_whatever_the_input_and_knows_no_length() -> None:
    dictionary = paired(VLSAE(**SMALL))
    x = TEST.image[:20]
    codes = dictionary.encode(x, "image")
    assert (codes.values > 0).all()
    assert torch.allclose(codes.dense(), dictionary.encode(3 * x, "image").dense(), atol=1e-5)


def test_a_crosscoder_alone_rebuilds_in_full_length() -> None:
    dictionary, chosen = paired(Crosscoder(**SMALL)), fitted(Crosscoder(**SMALL)).chosen
    for m in MODALITIES:
        assert chosen[f"factor/{m}"] > 1, "half of the sum is missing"
        x = training().train.rows(m)
        tower: Tower = dictionary.tower(m)
        centre = tower.b_dec / tower.scale
        rebuilt: Tensor = dictionary.decode(dictionary.encode(x, m), m) - centre
        along = float((rebuilt * (x - centre)).sum() / rebuilt.square().sum())
        assert along == pytest.approx(1, abs=1e-3)


def test_the_support_of_sparc_is_shared_more_when_the_partner_has_to_be_rebuilt() -> None:
    assert agreement(Sparc(**SMALL)) > agreement(Sparc(**SMALL, cross=0.0))
