"""The planted world holds what it promises: the law of the rows, labels, captions, splits."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.contracts import Split
from benchmark.worlds.planted_recipe import Recipe
from benchmark.worlds.synthetic import PlantedExamples, PlantedWorld

SMALL = Recipe(
    n_shared=20, n_image=12, n_text=6, d=48, eps_max=0.3, n_train=4000, n_val=50, n_test=70
)


def drawn(split: Split = "train", **changes: object) -> tuple[PlantedWorld, PlantedExamples]:
    world = PlantedWorld(Recipe(**{**vars(SMALL), **changes}))
    return world, world.split(split)


def test_rows_are_the_planted_sums_without_noise() -> None:
    world, examples = drawn(noise=0.0)
    for rows, z, atoms in (
        (examples.image, examples.coefficients[0], world.planted.image_atoms),
        (examples.text, examples.coefficients[1], world.planted.text_atoms),
    ):
        made = torch.from_numpy(z.toarray()).float() @ atoms
        made /= made.norm(dim=1, keepdim=True)
        assert torch.allclose(rows, made, atol=1e-5)
        assert (rows.norm(dim=1) - 1).abs().max() < 1e-6


def test_noise_has_the_stated_size() -> None:
    world, examples = drawn(noise=0.2, seed=5)
    signal = (
        torch.from_numpy(examples.coefficients[0].toarray()).float() @ world.planted.image_atoms
    )
    along = (signal * examples.image).sum(1, keepdim=True)
    # x = (signal + e) / c with |e|² ≈ σ² d: the part of x off the signal is |e| / c
    length = (signal.square().sum(1) + 0.2**2 * SMALL.d).sqrt()
    off = (examples.image - along / signal.square().sum(1, keepdim=True) * signal).norm(dim=1)
    ratio = (off * length).square().mean() / (0.2**2 * (SMALL.d - 1))
    assert ratio == pytest.approx(1, abs=0.05)


def test_support_is_shared_and_magnitudes_are_exponential() -> None:
    _, examples = drawn(sparsity=0.9)
    image, text = (z.toarray() for z in examples.coefficients)
    n = SMALL.n_shared
    assert np.array_equal(image[:, :n] > 0, text[:, :n] > 0)
    rate = (image > 0).mean()
    assert rate == pytest.approx(0.1, abs=0.01)
    values = np.concatenate([image[image > 0], text[text > 0]])
    assert values.mean() == pytest.approx(1, abs=0.03)
    assert np.mean(values > 2) == pytest.approx(np.exp(-2), abs=0.01)
    both = image[:, :n] > 0
    assert abs(np.corrcoef(image[:, :n][both], text[:, :n][both])[0, 1]) < 0.05


def test_common_coefficients_are_the_same_in_both_modalities() -> None:
    _, examples = drawn(coefficients="common")
    image, text = (z[:, : SMALL.n_shared].toarray() for z in examples.coefficients)
    assert np.array_equal(image, text)


@pytest.mark.parametrize("private", [0, 12])
def test_no_row_is_noise_alone(private: int) -> None:
    _, examples = drawn(sparsity=0.999, noise=0.0, n_image=private, n_text=private)
    for z, rows in zip(examples.coefficients, (examples.image, examples.text), strict=True):
        assert (z.count_nonzero(axis=1) > 0).all()
        assert (rows.norm(dim=1) - 1).abs().max() < 1e-6


def test_labels_are_the_coefficients_clear_of_the_noise() -> None:
    _, examples = drawn(noise=0.1, visible=5.0)
    n = SMALL.n_shared
    concepts = examples.concepts
    assert np.array_equal(concepts.image, examples.coefficients[0][:, :n].toarray() > 0.5)
    assert np.array_equal(concepts.text, examples.coefficients[1][:, :n].toarray() > 0.5)
    assert concepts.image.dtype == bool
    _, every = drawn(visible=0.0)
    assert np.array_equal(every.concepts.image, every.coefficients[0][:, :n].toarray() > 0)


def test_captions_name_what_the_text_shows() -> None:
    _, examples = drawn()
    floor = SMALL.visible * SMALL.noise
    told = examples.coefficients[1].toarray() > floor
    for caption, row in zip(examples.captions[:200], told, strict=False):
        shared = [f"concept {i}" for i in np.flatnonzero(row[: SMALL.n_shared])]
        private = [f"text concept {i}" for i in np.flatnonzero(row[SMALL.n_shared :])]
        assert caption == (", ".join(shared + private) or "nothing")


def test_splits_are_apart_and_all_is_their_sum() -> None:
    world, train = drawn()
    val, test, every = (world.split(name) for name in ("val", "test", "all"))
    parts = (train, val, test)
    assert [len(p.ids) for p in parts] == [4000, 50, 70]
    assert every.ids == train.ids + val.ids + test.ids
    assert len(set(every.ids)) == 4120
    assert torch.equal(every.text, torch.cat([p.text for p in parts]))
    assert np.array_equal(every.concepts.image[-70:], test.concepts.image)
    assert np.array_equal(every.true_pairs(), np.stack([np.arange(4120)] * 2, axis=1))
    assert len({tuple(row) for row in every.image[:, :3].tolist()}) == 4120, "no row twice"


def test_no_split_repeats_the_supports_of_another() -> None:
    world, _ = drawn(sparsity=0.9)
    supports = [
        world.split(name).coefficients[0][:50].toarray() > 0 for name in ("train", "val", "test")
    ]
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (supports[one] != supports[other]).any(1).mean() > 0.9


def test_a_split_does_not_depend_on_the_size_of_another() -> None:
    _, test = drawn("test")
    _, same = drawn("test", n_train=17)
    _, other = drawn("test", seed=1)
    assert torch.equal(test.image, same.image)
    assert test.captions == same.captions
    assert not torch.equal(test.image, other.image)


def test_unknown_split_and_pictures_are_refused() -> None:
    world, train = drawn("val")
    with pytest.raises(ValueError, match="no split called dev"):
        world.split("dev")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="no pictures"):
        train.images(0, 1)
