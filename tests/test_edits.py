"""Ready-made changes of a residual stream, against what they are by definition."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from benchmark import edits
from benchmark.contracts import SparseCodes
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same

B, T, D, M, K = 3, 5, 8, 32, 4


def drawn(seed: int, *shape: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


X = drawn(0, B, T, D)


@pytest.fixture(params=["topk", "relu"])
def dictionary(request: pytest.FixtureRequest) -> Paired:
    atoms = torch.nn.functional.normalize(drawn(1, M, D), dim=1)
    tower = Tower(
        W_enc=atoms.T.contiguous(),
        b_enc=0.1 * drawn(2, M),
        W_dec=atoms,
        b_dec=0.3 * drawn(3, D),
        scale=1.7,
        activation=request.param,
        k=K if request.param == "topk" else None,
    )
    return Paired(tower, tower, Same(M))


def codes(dictionary: Paired, x: Tensor) -> Tensor:
    return dictionary.encode(x.flatten(0, 1), "image").dense()


def test_pushes_are_sums() -> None:
    one, each = drawn(4, D), drawn(5, B, D)
    assert torch.equal(edits.add(one)(X), X + one)
    assert torch.equal(edits.subtract(one)(X), X - one)
    assert torch.equal(edits.add(each)(X), X + each[:, None])
    assert torch.equal(edits.add(torch.zeros(D))(X), X)
    assert edits.add(one)(X.half()).dtype == torch.float16


def test_nothing_is_left_along_a_direction_that_is_projected_out() -> None:
    for direction in (drawn(6, D), 100 * drawn(6, B, D)):
        found = edits.project_out(direction)(X)
        along = (found * direction.view(-1, 1, D)).sum(-1) / direction.norm(dim=-1).view(-1, 1)
        assert along.abs().max() < 1e-5
        moved = torch.nn.functional.cosine_similarity(X - found, direction.view(-1, 1, D), dim=-1)
        assert torch.allclose(moved.abs(), torch.ones(B, T), atol=1e-4)
        assert torch.allclose(edits.project_out(direction)(found), found, atol=1e-5)
    with pytest.raises(ValueError, match="all zero"):
        edits.project_out(torch.zeros(D))


def test_a_clamped_latent_keeps_the_error_of_the_dictionary(dictionary: Paired) -> None:
    z = codes(dictionary, X)
    fires = int((z != 0).sum(0).argmax())
    for latent, value in ((fires, 0.0), (fires, 3.0), (int((z != 0).sum(0).argmin()), 2.0)):
        found = edits.clamp(dictionary, latent, value)(X)
        change = (value - z[:, latent])[:, None] * dictionary.directions("image")[latent]
        assert torch.allclose(found.flatten(0, 1) - X.flatten(0, 1), change, atol=1e-4)


def test_a_latent_held_at_its_own_value_changes_nothing(dictionary: Paired) -> None:
    z = codes(dictionary, X[:1, :1])
    latent = int(z[0].argmax())
    found = edits.clamp(dictionary, latent, float(z[0, latent]))(X[:1, :1])
    assert torch.allclose(found, X[:1, :1], atol=1e-5)


def test_each_prompt_may_have_a_latent_and_a_value_of_its_own(dictionary: Paired) -> None:
    latents, values = torch.tensor([3, 7, 3]), torch.tensor([0.0, 1.0, 5.0])
    whole = edits.clamp(dictionary, latents, values)(X)
    for row in range(B):
        one = edits.clamp(dictionary, int(latents[row]), float(values[row]))(X[row : row + 1])
        assert torch.allclose(whole[row], one[0], atol=1e-5)
    with pytest.raises(ValueError, match=r"found \[2\] numbers for 3 prompts"):
        edits.clamp(dictionary, torch.tensor([1, 2]), 0.0)(X)


def test_one_latent_of_sparse_codes_is_set_whether_it_fired_or_not() -> None:
    values, indices = torch.tensor([[0.0, 2.0], [1.0, 3.0]]), torch.tensor([[0, 4], [1, 5]])
    sparse = SparseCodes(values, indices, 6)
    dense = SparseCodes(sparse.dense(), None, 6)
    for latent, value in (([4, 1], [9.0, 0.0]), ([0, 5], [0.0, 7.0]), ([2, 2], [1.0, 1.0])):
        wanted = sparse.dense().clone()
        wanted[torch.arange(2), latent] = torch.tensor(value)
        for kind in (sparse, dense):
            found = edits.with_latent(kind, torch.tensor(latent), torch.tensor(value))
            assert torch.equal(found.dense(), wanted)
    held = edits.with_latent(sparse, torch.tensor([4, 1]), torch.tensor([9.0, 0.0]))
    assert held.indices is not None
    assert bool((held.indices.diff(dim=1) >= 0).all())
    assert torch.equal(sparse.dense()[0], torch.tensor([0, 0, 0, 0, 2.0, 0]))


def test_another_run_replaces_what_it_has() -> None:
    other = drawn(9, B, T, D)
    assert torch.equal(edits.patch_in(other)(X), other)
    longer = torch.cat([X, X[:, :2]], 1)
    found = edits.patch_in(other)(longer)
    assert torch.equal(found[:, :T], other)
    assert torch.equal(found[:, T:], longer[:, T:])
    for shape in ((B, T + 1, D), (B - 1, T, D), (B, T, D - 1)):
        with pytest.raises(ValueError, match="wanted the same prompts"):
            edits.patch_in(drawn(9, *shape))(X)


def test_reconstruction_and_ablation(dictionary: Paired) -> None:
    found = edits.reconstruct(dictionary)(X)
    rows = X.flatten(0, 1)
    wanted = dictionary.decode(dictionary.encode(rows, "image"), "image")
    assert torch.equal(found, wanted.view_as(X))
    mean = rows.mean(0)
    assert torch.equal(edits.ablate(mean)(X), mean.expand(B, T, D))
    assert edits.reconstruct(dictionary)(X.bfloat16()).dtype == torch.bfloat16


@pytest.mark.usefixtures("as_users_run")
@pytest.mark.parametrize("shape", [(D + 1,), (B + 1, D), (B, T, D)])
def test_a_push_of_another_shape_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="wanted"):
        edits.add(torch.zeros(shape))(X)
