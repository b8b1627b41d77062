"""The oracle reads planted codes back, each row by itself, and claims the planted frame."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from benchmark.contracts import MODALITIES, Modality, Planted, Site, TrainingData
from benchmark.worlds.planted_recipe import Recipe
from benchmark.worlds.synthetic import PlantedExamples, PlantedWorld
from methods.oracle import Oracle, PlantedDictionary

WORLD = PlantedWorld(
    Recipe(
        n_shared=96,
        n_image=40,
        n_text=24,
        d=128,
        eps_max=0.2,
        sparsity=0.96,
        n_train=10,
        n_val=1500,
        n_test=10,
    )
)


@pytest.fixture(scope="module")
def dictionary() -> PlantedDictionary:
    return PlantedDictionary(WORLD.planted)


@pytest.fixture(scope="module")
def examples() -> PlantedExamples:
    return WORLD.split("val")


def rows(examples: PlantedExamples, modality: Modality) -> torch.Tensor:
    return examples.image if modality == "image" else examples.text


@pytest.mark.parametrize("modality", MODALITIES)
def test_an_atom_is_its_own_code(dictionary: PlantedDictionary, modality: Modality) -> None:
    atoms = dictionary.atoms(modality)
    for factor in (1.0, 10.0):
        dense = dictionary.encode(factor * atoms, modality).dense()
        assert torch.allclose(dense, factor * torch.eye(len(atoms)), atol=1e-4 * factor)


@pytest.mark.parametrize("modality", MODALITIES)
def test_codes_are_exact_without_noise(modality: Modality) -> None:
    world = PlantedWorld(replace(WORLD.recipe, noise=0.0))
    examples = world.split("val")
    x = rows(examples, modality)
    dictionary = PlantedDictionary(world.planted)
    codes = dictionary.encode(x, modality)
    z = torch.from_numpy(examples.coefficients[MODALITIES.index(modality)].toarray()).float()
    length = (z @ dictionary.atoms(modality)).norm(dim=1, keepdim=True)
    error = (codes.dense() - z / length).norm(dim=1) / (z / length).norm(dim=1)
    assert (error < 1e-2).float().mean() > 0.99
    assert torch.allclose(dictionary.decode(codes, modality), x, atol=0.05)


@pytest.mark.parametrize("modality", MODALITIES)
def test_concepts_are_read_from_noisy_rows(
    dictionary: PlantedDictionary, examples: PlantedExamples, modality: Modality
) -> None:
    codes = dictionary.encode(rows(examples, modality), modality)
    n = WORLD.recipe.n_shared
    scores, labels = codes.dense()[:, :n].numpy(), getattr(examples.concepts, modality)
    found = [pair_auc(scores[:, j], labels[:, j]) for j in range(n)]
    assert np.mean(found) > 0.98
    true = examples.coefficients[MODALITIES.index(modality)].count_nonzero(axis=1).mean()
    assert codes.l0().float().mean() == pytest.approx(true, rel=0.25)


def pair_auc(score: np.ndarray, label: np.ndarray) -> float:
    """Share of (positive, negative) pairs in order, ties one half: the definition."""
    gap = score[label][:, None] - score[~label]
    return float((gap > 0).mean() + (gap == 0).mean() / 2)


@pytest.mark.parametrize("modality", MODALITIES)
def test_each_row_by_itself(
    dictionary: PlantedDictionary, examples: PlantedExamples, modality: Modality
) -> None:
    x = rows(examples, modality)[:200]
    together = dictionary.encode(x, modality).dense()
    alone = torch.cat([dictionary.encode(row[None], modality).dense() for row in x[:30]])
    assert torch.allclose(together[:30], alone, atol=1e-5)
    order = torch.arange(200).flip(0)
    assert torch.allclose(dictionary.encode(x[order], modality).dense()[order], together, atol=1e-5)
    assert torch.equal(dictionary.encode(x, modality).dense(), together)


def test_codes_scale_with_the_rows(
    dictionary: PlantedDictionary, examples: PlantedExamples
) -> None:
    x = examples.image[:100]
    once, tenfold = (dictionary.encode(f * x, "image").dense() for f in (1, 10))
    assert torch.allclose(tenfold, 10 * once, atol=1e-4)


def test_an_empty_row_and_noise_alone_have_no_code(dictionary: PlantedDictionary) -> None:
    assert dictionary.encode(torch.zeros(3, 128), "image").l0().tolist() == [0, 0, 0]
    generator = torch.Generator().manual_seed(0)
    noise = normalize(torch.randn(500, 128, generator=generator), dim=1)
    assert dictionary.encode(noise, "image").l0().float().mean() < 0.3


def test_no_code_is_negative(dictionary: PlantedDictionary, examples: PlantedExamples) -> None:
    assert (dictionary.encode(examples.image, "image").values >= 0).all()
    assert dictionary.encode(-dictionary.atoms("text"), "text").dense().max() < 0.5


def test_the_frame_is_the_planted_one(
    dictionary: PlantedDictionary, examples: PlantedExamples
) -> None:
    p: Planted = WORLD.planted
    assert dictionary.width == 96 + 40 + 24
    image, text = (dictionary.directions(m) for m in MODALITIES)
    assert torch.equal(image[:136], p.image_atoms)
    assert torch.equal(text[:96], p.text_atoms[:96])
    assert torch.equal(text[136:], p.text_atoms[96:])
    assert not image[136:].any()
    assert not text[96:136].any()
    native = dictionary.encode(examples.text, "text")
    aligned = dictionary.align(native, "text").dense()
    assert torch.equal(aligned[:, :96], native.dense()[:, :96])
    assert torch.equal(aligned[:, 136:], native.dense()[:, 96:])
    assert torch.allclose(aligned @ text, dictionary.decode(native, "text"), atol=1e-5)


def test_what_does_not_fit_is_refused(dictionary: PlantedDictionary) -> None:
    with pytest.raises(ValueError, match="image has 7 columns, the planted atoms 128"):
        dictionary.encode(torch.zeros(2, 7), "image")
    aligned = dictionary.align(dictionary.encode(dictionary.atoms("text"), "text"), "text")
    with pytest.raises(ValueError, match="codes have 160 latents, there are 120 atoms"):
        dictionary.decode(aligned, "text")
    data = TrainingData(None, None, Site("s", "", ""), 0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="use the backend synthetic"):
        Oracle().fit(data)
