"""Metrics of planted truth on numbers small enough to check by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import scipy.sparse as sp

from benchmark.metrics.planted import (
    claims,
    code_cosines,
    cosines,
    found_cosine,
    matched_cosine,
    matching_counts,
    recovered,
    same_best,
)

EVERY = np.ones(3, dtype=bool)


def test_cosines_know_no_length_and_no_direction_of_zeros() -> None:
    found = cosines(np.array([[3.0, 4.0], [0.0, 0.0]]), np.array([[10.0, 0.0], [0.0, -0.1]]))
    assert found == pytest.approx(np.array([[0.6, -0.8], [0.0, 0.0]]))


def test_best_latents_agree_or_not() -> None:
    image = np.array([[0.9, 0.1, -0.5], [0.2, 0.8, -0.1]])
    text = np.array([[0.7, 0.6, -0.2], [0.1, 0.3, -0.3]])
    assert same_best(image, text).tolist() == [1, 0, 0], "no positive cosine: no best latent"


@pytest.mark.parametrize(
    ("image", "text", "chance"),
    [
        ([1, 1, 0], [1, 1, 0], 1 / 2),
        ([1, 1, 0], [1, 0, 0], 1 / 2),
        ([1, 1, 1], [0, 1, 1], 1 / 3),
        ([1, 1, 0], [0, 0, 1], 0),
        ([1, 1 - 1e-9, 0], [1 - 1e-9, 1, 0], 1 / 2),
        ([0, 0, 0], [0, 0, 0], 0),
    ],
)
def test_ties_agree_by_chance(image: list[float], text: list[float], chance: float) -> None:
    found = same_best(*(np.array(side, dtype=float)[:, None] for side in (image, text)))
    assert found[0] == pytest.approx(chance)


def test_recovery_is_strictly_over_tau_and_blind_to_sign() -> None:
    assert recovered(np.array([[0.9, -0.95, 0.2]]), 0.9).tolist() == [0, 1, 0]


def test_matched_cosine_is_the_best_of_all_matchings() -> None:
    rng = np.random.default_rng(0)
    for latents, atoms in ((4, 4), (5, 3), (3, 5)):
        cos = rng.uniform(-1, 1, (latents, atoms))
        strength = np.abs(cos)
        best = max(
            strength[list(rows), list(columns)].sum()
            for k in (min(latents, atoms),)
            for rows in itertools.permutations(range(latents), k)
            for columns in itertools.combinations(range(atoms), k)
        )
        assert matched_cosine(cos).sum() == pytest.approx(best)
    greedy_trap = np.array([[0.9, 0.8], [0.8, 0.0]])
    assert matched_cosine(greedy_trap).tolist() == [0.8, 0.8]
    assert matched_cosine(np.zeros((3, 2))).tolist() == [0, 0], "no latent, no match"


def test_claims_are_distinct_and_need_both_sides() -> None:
    image = np.array([[0.9, 0.1], [-0.95, 0.1], [0.1, 0.8]])
    text = np.array([[0.8, 0.0], [0.9, 0.2], [0.1, 0.6]])
    assert claims(image, text, EVERY).tolist() == [[0, 0]], "twice the same, once one-sided"
    assert claims(image, text, EVERY, tau=0.5).tolist() == [[0, 0], [1, 1]]
    assert claims(image, text, ~EVERY).shape == (0, 2)


def test_matching_is_counted_atom_by_atom() -> None:
    found = np.array([[0, 0], [0, 1], [1, 2], [3, 3]])
    right, claimed, true = matching_counts(found, n_image=5, n_shared=3)
    assert right.tolist() == [1, 0, 0, 0, 0], "(3, 3) are two private atoms"
    assert claimed.tolist() == [2, 1, 0, 1, 0]
    assert true.tolist() == [1, 1, 1, 0, 0]


@pytest.mark.parametrize("centred", [False, True])
def test_code_cosines_are_those_of_the_written_out_codes(centred: bool) -> None:
    rng = np.random.default_rng(1)
    image, text = (rng.uniform(size=(20, 6)) * (rng.random((20, 6)) < 0.4) for _ in range(2))
    image[0] = 0
    means = (image.mean(0), text.mean(0)) if centred else None
    u, v = (image - means[0], text - means[1]) if means else (image, text)
    length = np.linalg.norm(u, axis=1) * np.linalg.norm(v, axis=1)
    wanted = np.where(length > 0, (u * v).sum(1) / np.where(length > 0, length, 1), 0)
    wanted[~(image.any(1) & text.any(1))] = 0
    assert code_cosines(sp.csr_array(image), sp.csr_array(text), means) == pytest.approx(wanted)


def test_two_empty_codes_do_not_agree_once_means_are_taken_off() -> None:
    empty, means = sp.csr_array((3, 4)), (np.array([1.0, 0, 0, 0]), np.array([1.0, 0, 0, 0]))
    assert code_cosines(empty, empty, means).tolist() == [0, 0, 0]


def test_the_cosine_of_what_was_found_is_that_of_the_atoms() -> None:
    turn = 0.6, 0.8
    phi, psi = np.eye(3), np.array([[turn[0], turn[1], 0], [0, 1, 0], [0, 0, 1.0]])
    image = np.array([-2 * phi[0], phi[1], [1, 1, 1.0], [0, 0, 0]])
    text = np.array([[1, 1, 1.0], psi[1], 3 * psi[0], [0, 0, 0]])
    near = cosines(image, phi), cosines(text, psi)
    cosine, found = found_cosine((image, text), near)
    assert found.tolist() == [True, True, False], "a diagonal is nobody's direction"
    assert cosine[:2] == pytest.approx([0.6, 1.0]), "a latent that stands against it is turned"
    halves = np.array([phi[0] + psi[0]]) / 2
    merged, found = found_cosine((halves, halves), (cosines(halves, phi), cosines(halves, psi)))
    assert merged[0] == pytest.approx(1), "one direction for both looks like α = 1"
    assert found[0]
