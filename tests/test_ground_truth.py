"""Ground truth: dictionaries whose every score is known by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from benchmark.contracts import Subject
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Same, disjoint
from methods.oracle import PlantedDictionary
from tasks.ground_truth import GroundTruth
from tests.planted_subjects import (
    IMAGE,
    N_SHARED,
    TEXT,
    D,
    exact,
    frame,
    perfect,
    planted,
    score,
    subject,
    subject_of,
    tower,
    true_frame,
)

close = pytest.approx


@pytest.mark.parametrize("judged", [perfect(), subject_of(PlantedDictionary(planted()))])
def test_the_planted_dictionary_is_perfect(judged: Subject) -> None:
    found = score(judged)
    for name in ("f1", "precision", "recall", "cci"):
        assert found[name] == 1, name
    for name in ("recovery@.9", "recovery@.95", "mcc"):
        for of in ("", "/image", "/text"):
            assert found[name + of] == close(1), name
    for name in ("re", "gre", "gae"):
        assert found[name] == close(0, abs=1e-6), name
    assert 0 < found["ae"] < found["ae/shuffled"] <= 1
    assert found["decoder_cosine"] == close(0.5, abs=1e-5)
    assert found["decoder_cosine/error"] == close(0, abs=1e-5)


def test_without_a_map_atoms_are_found_but_nothing_is_matched() -> None:
    found = score(subject(*exact(), disjoint(IMAGE, TEXT)))
    assert (found["f1"], found["recall"], found["cci"]) == (0, 0, 0)
    assert "precision" not in found, "nothing is claimed, so there is nothing to be precise about"
    assert found["recovery@.95"] == 1
    assert found["mcc"] == close(1)
    assert found["decoder_cosine"] == close(0.5, abs=1e-5), "a map is not asked for"
    for name in ("ae", "ae/shuffled", "gae"):
        assert found[name] == close(1), name
    assert found["gre"] == close(0, abs=1e-6)


def test_two_exchanged_partners_of_eight() -> None:
    swapped = frame(IMAGE, [1, 0, *range(2, N_SHARED), -1, -1])
    found = score(subject(*exact(), swapped))
    assert found["f1"] == close(2 * 6 / (8 + 8))
    assert found["precision"] == found["recall"] == found["cci"] == close(6 / 8)
    assert found["gae"] == close(2 / 8, abs=1e-6)
    assert found["recovery@.95"] == 1


def test_private_latents_matched_by_mistake_cost_precision_only() -> None:
    greedy = frame(IMAGE, [*range(N_SHARED), N_SHARED, N_SHARED + 1])
    found = score(subject(*exact(), greedy))
    assert found["recall"] == found["cci"] == 1
    assert found["precision"] == close(8 / 10)
    assert found["f1"] == close(16 / 18)


def test_dropped_atoms() -> None:
    image = tower(planted().image_atoms[2:])
    where = frame(IMAGE - 2, [-1, -1, *range(N_SHARED - 2), -1, -1])
    found = score(subject(image, exact()[1], where))
    assert found["recall"] == close(6 / 8)
    assert found["precision"] == 1
    assert found["f1"] == close(12 / 14)
    for name in ("recovery@.9", "mcc"):
        assert found[f"{name}/image"] == close(9 / 11)
        assert found[f"{name}/text"] == close(1)
        assert found[name] == close(19 / 21)


def test_duplicates_inflate_nothing() -> None:
    image, text = (tower(t.W_dec.repeat(2, 1)) for t in exact())
    texts = [*range(N_SHARED), -1, -1, *range(IMAGE, IMAGE + N_SHARED), -1, -1]
    found = score(subject(image, text, frame(2 * IMAGE, texts)))
    for name in ("f1", "precision", "recall", "recovery@.95", "mcc"):
        assert found[name] == close(1), name
    assert found["cci"] == close(1 / 2), "two tie on each side: fair draws agree half the time"


def test_crossed_duplicates_are_wrong_claims() -> None:
    """Second copies are matched to the next concept: 8 right claims, 8 wrong ones."""
    image, text = (tower(t.W_dec.repeat(2, 1)) for t in exact())
    shifted = [IMAGE + (i + 1) % N_SHARED for i in range(N_SHARED)]
    found = score(
        subject(image, text, frame(2 * IMAGE, [*range(N_SHARED), -1, -1, *shifted, -1, -1]))
    )
    assert found["recall"] == 1
    assert found["precision"] == close(8 / 16)
    assert found["f1"] == close(16 / (16 + 8))


@pytest.mark.parametrize(
    ("cosine", "ninety", "ninety_five"), [(0.92, 1, 0), (0.97, 1, 1), (0.8, 0, 0)]
)
def test_directions_at_a_known_angle(cosine: float, ninety: int, ninety_five: int) -> None:
    atoms = torch.cat([planted().image_atoms, planted().text_atoms])
    outside = torch.linalg.svd(atoms.double()).Vh[-11:].float()
    assert (outside @ atoms.T).abs().max() < 1e-5
    away = (1 - cosine**2) ** 0.5
    image = tower(cosine * planted().image_atoms + away * outside)
    text = tower(cosine * planted().text_atoms + away * outside[:TEXT])
    found = score(subject(image, text, true_frame()))
    assert found["mcc"] == close(cosine, abs=1e-5)
    assert found["recovery@.9"] == ninety
    assert found["recovery@.95"] == ninety_five
    assert found["gre"] == close(1 - cosine**2, abs=1e-5), "x̂ = cos · direction"
    assert found["f1"] == found["cci"] == 1


def test_a_direction_under_half_its_energy_names_no_atom() -> None:
    """One latent for each four atoms, in their midst: every cosine is .5, under the threshold."""
    blurred = [
        tower(torch.stack([part.sum(0) / 2 for part in atoms[:N_SHARED].split(4)]))
        for atoms in (planted().image_atoms, planted().text_atoms)
    ]
    found = score(subject(*blurred, Same(2)))
    assert found["f1"] == found["recall"] == found["recovery@.9"] == 0
    assert "precision" not in found
    assert found["mcc/image"] == close(2 * 0.5 / 11, abs=1e-5), "one atom for each latent, no more"
    assert found["cci"] == 1, "all four share their best latent"


def test_a_turned_dictionary_finds_nothing() -> None:
    generator = torch.Generator().manual_seed(0)
    turn = torch.linalg.qr(torch.randn(D, D, generator=generator))[0]
    found = score(subject(*(tower(t.W_dec @ turn) for t in exact()), true_frame()))
    assert found["f1"] == found["recovery@.9"] == 0
    assert found["mcc"] < 0.6
    assert found["gre"] > 0.5


def test_the_bias_is_the_same_both_ways() -> None:
    """With b_dec = φ₀/2, φ₀ comes back whole; every other atom comes back with φ₀/2 added."""
    image = tower(planted().image_atoms, b_dec=planted().image_atoms[0] / 2)
    units = GroundTruth().score(subject(image, exact()[1], true_frame()))["gre"]
    assert units.numerator == close(np.array([0, *[0.25 / 2] * 7]), abs=1e-6)


def test_a_latent_dead_in_one_modality_claims_nothing() -> None:
    b_enc = torch.tensor([-10.0, *[0.0] * (TEXT - 1)])
    found = score(subject(exact()[0], tower(planted().text_atoms, b_enc=b_enc), true_frame()))
    assert found["recall"] == close(7 / 8)
    assert found["precision"] == 1
    assert found["cci"] == found["recovery@.95"] == 1, "directions are there all the same"
    assert found["gae"] == close(1 / 8, abs=1e-6)


def test_a_shared_dictionary_between_both_atoms_is_found_in_both() -> None:
    """alpha = .5: the direction halfway meets both atoms at cos 30° = .866, over the threshold."""
    p = planted()
    middle = normalize(p.image_atoms[:N_SHARED] + p.text_atoms[:N_SHARED], dim=1)
    one = tower(middle)
    found = score(subject_of(Paired(one, one, Same(N_SHARED))))
    assert found["f1"] == found["cci"] == 1
    assert found["recovery@.9"] == 0
    assert found["decoder_cosine"] == close(1, abs=1e-5), "it cannot tell the two directions apart"
    assert found["decoder_cosine/error"] == close(0.5, abs=1e-5)
    assert found["mcc/text"] == close(8 * 0.75**0.5 / 10, abs=1e-5)
