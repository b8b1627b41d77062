"""Co-activation against dense float64, and maps against planted permutations."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from benchmark.alignment.assignment import (
    among_alive,
    chance,
    decoder_cosine,
    greedy,
    hungarian,
    matched,
    sinkhorn,
)
from benchmark.alignment.coactivation import alive, coactivation, correlation, shuffled
from benchmark.alignment.dense_maps import cca, procrustes
from benchmark.contracts import SparseCodes
from benchmark.kernels.coactivation import cpu as module

N, M, K = 900, 40, 4


def codes(seed: int, n: int = N, m: int = M, k: int = K, *, signed: bool = True) -> SparseCodes:
    g = torch.Generator().manual_seed(seed)
    values = torch.randn(n, k, generator=g) if signed else torch.rand(n, k, generator=g) + 0.5
    indices = torch.rand(n, m, generator=g).argsort(dim=1)[:, :k]
    return SparseCodes.from_slots(values, indices, m)


def permuted(image: SparseCodes, order: torch.Tensor, image_of: torch.Tensor) -> SparseCodes:
    """The codes of each text's image, latents renamed: text latent order[i] is image latent i."""
    chosen = image[image_of]
    assert chosen.indices is not None
    return SparseCodes.from_slots(chosen.values, order[chosen.indices], image.width)


@pytest.fixture
def image_of() -> torch.Tensor:
    """Two captions an image on average, in no order; some images have none."""
    return torch.randint(0, N, (2 * N,), generator=torch.Generator().manual_seed(9))


@pytest.mark.parametrize("dense_storage", [False, True])
@pytest.mark.parametrize("chunk", [65_536, 100, 7])
def test_pearson_is_the_dense_one(
    image_of: torch.Tensor, chunk: int, dense_storage: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BLOCK", chunk)
    image, text = codes(1), codes(2, n=len(image_of))
    if dense_storage:
        image = SparseCodes(image.dense(), None, M)
    r = correlation(image, text, image_of)
    both = torch.cat([image.dense()[image_of], text.dense()], dim=1).double().numpy()
    assert np.abs(r - np.corrcoef(both.T)[:M, M:]).max() < 1e-12


def test_pearson_is_signed_and_survives_a_large_constant(image_of: torch.Tensor) -> None:
    image = codes(1)
    against = SparseCodes(-image.values, image.indices, M)[image_of]
    assert np.allclose(np.diag(correlation(image, against, image_of)), -1)
    lifted = SparseCodes(image.dense() + 1000, None, M)
    r = correlation(lifted, image[image_of], image_of)
    assert np.allclose(np.diag(r), 1, atol=1e-5)


def test_silent_and_constant_latents_correlate_with_nothing(image_of: torch.Tensor) -> None:
    dense = codes(1).dense()
    dense[:, 3], dense[:, 5] = 0, 0.1
    r = correlation(SparseCodes(dense, None, M), codes(2, n=len(image_of)), image_of)
    assert not r[[3, 5]].any()
    assert np.isfinite(r).all()


def test_pairs_must_fit_the_codes() -> None:
    with pytest.raises(ValueError, match="900 text codes for 5 pairs"):
        coactivation(codes(1), codes(2), torch.arange(5))


def test_alive_counts_rows_that_fire_whatever_the_sign() -> None:
    dense = torch.zeros(20_000, 3)
    dense[:20, 0], dense[:19, 1] = -1.0, 1.0
    assert alive(SparseCodes(dense, None, 3)).tolist() == [True, False, False]
    values, indices = dense[:, :2], torch.arange(2).expand(20_000, -1)
    assert alive(SparseCodes.from_slots(values, indices, 3)).tolist() == [True, False, False]
    few = SparseCodes(torch.ones(9, 2), None, 2)
    assert not alive(few).any()


def test_shuffled_partners_keep_captions_together_and_no_image_its_own(
    image_of: torch.Tensor,
) -> None:
    other = shuffled(image_of, torch.Generator().manual_seed(0))
    assert (other != image_of).all()
    for one in image_of.unique()[:50]:
        assert len(other[image_of == one].unique()) == 1
    assert len(other.unique()) == len(image_of.unique())


@pytest.mark.parametrize("assign", [hungarian, greedy, sinkhorn])
def test_a_planted_permutation_is_found(assign: object, image_of: torch.Tensor) -> None:
    image, order = codes(1), torch.randperm(M, generator=torch.Generator().manual_seed(3))
    text = permuted(image, order, image_of)
    r = correlation(image, text, image_of)
    everyone = np.ones(M, bool)
    rows, columns = among_alive(r, everyone, everyone, assign)  # type: ignore[arg-type]
    assert dict(zip(rows.tolist(), columns.tolist(), strict=True)) == dict(
        enumerate(order.tolist())
    )


def test_hungarian_takes_the_best_sum_where_greedy_takes_the_best_pair() -> None:
    scores = np.array([[0.9, 0.8], [0.8, 0.0]])
    assert dict(zip(*hungarian(scores), strict=True)) == {0: 1, 1: 0}
    assert dict(zip(*greedy(scores), strict=True)) == {0: 0}


def test_anticorrelated_latents_are_no_better_than_strangers() -> None:
    scores = np.array([[-0.9, -0.1], [0.5, -0.8]])
    assert (1, 0) in set(zip(*hungarian(scores), strict=True))


@pytest.mark.parametrize("assign", [hungarian, greedy, sinkhorn])
@pytest.mark.parametrize("shape", [(0, 5), (5, 0), (2, 6), (6, 2)])
def test_few_or_no_alive_latents(assign: object, shape: tuple[int, int]) -> None:
    rows, columns = assign(np.full(shape, 0.3))  # type: ignore[operator]
    assert len(rows) == len(columns) == min(shape)
    assert len(set(columns.tolist())) == len(columns)


def test_dead_latents_are_never_matched() -> None:
    r = np.eye(4)
    image, text = np.array([True, False, True, True]), np.array([True, True, False, True])
    rows, columns = among_alive(r, image, text)
    assert set(rows) <= {0, 2, 3}
    assert set(columns) <= {0, 1, 3}


def test_the_cut_drops_weak_matches_and_none_keeps_all() -> None:
    r = np.diag([0.9, 0.5, 0.1])
    pairs = (np.arange(3), np.arange(3))
    assert matched(pairs, r, 0.5).image_of.tolist() == [0, -1, -1]
    assert matched(pairs, r, None).image_of.tolist() == [0, 1, 2]


def test_matches_of_noise_are_cut_and_a_planted_map_survives(image_of: torch.Tensor) -> None:
    image, noise = codes(1), codes(2, n=len(image_of))
    everyone = np.ones(M, bool)
    r = correlation(image, noise, image_of)
    null = correlation(image, noise, shuffled(image_of, torch.Generator()))
    bar = chance(null[among_alive(null, everyone, everyone)])
    kept = matched(among_alive(r, everyone, everyone), r, bar).image_of >= 0
    assert kept.sum() <= 3
    assert bar > chance(null) == np.percentile(null, 99)
    true = correlation(image, image[image_of], image_of)
    assert (matched(among_alive(true, everyone, everyone), true, bar).image_of >= 0).all()


def test_correlation_needs_no_copy_of_the_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BLOCK", 1000)
    n = 40_000
    image, text = codes(1, n=n), codes(2, n=n)
    image_of = torch.arange(n)
    correlation(image, text, image_of)
    tracemalloc.start()
    correlation(image, text, image_of)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    per_pair = 2 * 8
    assert peak < n * per_pair + 8 * 1000 * K * 8 + 8 * M * M * 8


def test_chance_of_nothing_and_of_anticorrelation_is_zero() -> None:
    assert chance(np.zeros((0, 4))) == 0
    assert chance(np.full((5, 5), -0.2)) == 0


def test_decoder_cosine_ignores_length_and_needs_one_space() -> None:
    rows = torch.randn(6, 4)
    cosines = decoder_cosine(rows, rows * torch.arange(1, 7)[:, None])
    assert np.allclose(np.diag(cosines), 1)
    with pytest.raises(ValueError, match="image has 4 columns and text 3"):
        decoder_cosine(rows, torch.randn(6, 3))


def test_procrustes_undoes_a_permutation_and_keeps_lengths(image_of: torch.Tensor) -> None:
    image, order = codes(1), torch.randperm(M)
    text = permuted(image, order, image_of)
    frame = procrustes(coactivation(image, text, image_of))
    moved = frame.align(text, "text").dense()
    assert torch.allclose(moved, image.dense()[image_of], atol=1e-4)
    assert torch.allclose(frame.text_map @ frame.text_map.T, torch.eye(M), atol=1e-4)


def test_cca_finds_the_one_shared_coordinate(image_of: torch.Tensor) -> None:
    image, text = codes(1), codes(2, n=len(image_of))
    both = text.dense()
    both[:, 7] = image.dense()[image_of, 11]
    frame = cca(image, SparseCodes(both, None, M), image_of, components=1, ridge=1e-3)
    first = frame.align(image, "image").dense()[image_of, 0]
    second = frame.align(SparseCodes(both, None, M), "text").dense()[:, 0]
    assert torch.corrcoef(torch.stack([first, second]))[0, 1] > 0.99
    assert int(frame.image_map.abs().argmax()) == 11
    assert int(frame.text_map.abs().argmax()) == 7


def test_codes_are_never_written_out_densely(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("a sparse code was made dense")

    monkeypatch.setattr(SparseCodes, "dense", refuse)
    monkeypatch.setattr(sp.csr_array, "toarray", refuse)
    image, text = codes(1, m=3000), codes(2, m=3000)
    assert correlation(image, text, torch.arange(N)).shape == (3000, 3000)
