"""Likeness, corners, purity and spread on numbers that can be checked by hand or pair by pair."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import scipy.sparse as sp
import torch

from benchmark.contracts import SparseCodes
from benchmark.metrics.blind import Curve, as_codes, corner, projections
from benchmark.metrics.both import NOTHING, mean_of_both, part
from benchmark.metrics.monosemanticity import any_two, attributes, likeness, rarity
from benchmark.metrics.purity import commonest, purity, spread
from benchmark.statistics import point_value
from tests.subjects import activations

C = 8


def by_definition(z: np.ndarray, labels: np.ndarray, owner: np.ndarray) -> float:
    """Σ ã_n ã_m cos(n, m) / Σ ã_n ã_m over pairs of different pictures, ã min-max scaled."""
    a = (z - z.min()) / (z.max() - z.min())
    labels = labels.astype(float)
    norms = np.maximum(np.linalg.norm(labels, axis=1), 1e-30)
    pairs = [(n, m) for n, m in combinations(range(len(z)), 2) if owner[n] != owner[m]]
    weights = [a[n] * a[m] for n, m in pairs]
    alike = [labels[n] @ labels[m] / norms[n] / norms[m] for n, m in pairs]
    return float(np.dot(weights, alike) / np.sum(weights))


def some_labels(n: int, seed: int = 0, rate: float = 0.3) -> np.ndarray:
    return np.random.default_rng(seed).random((n, C)) < rate


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize("kind", ["sparse", "signed", "always on", "negative"])
def test_closed_form_is_the_definition(kind: str, repeats: int) -> None:
    rng = np.random.default_rng(1)
    labels, owner = some_labels(30), np.arange(30) // repeats
    z = rng.exponential(size=(30, 70)) * (rng.random((30, 70)) < 0.4)
    z = {
        "sparse": z,
        "signed": z * rng.choice([-1, 1], z.shape),
        "always on": z + 1,
        "negative": -z,
    }[kind]
    found = likeness(sp.csr_array(z), attributes(labels, owner))
    for j in (0, 1, 33, 69):
        assert found.score[j] == pytest.approx(by_definition(z[:, j], labels, owner))
    assert found.fires.tolist() == (z != 0).sum(0).tolist()
    fired = [len(set(owner[z[:, j] != 0])) for j in range(70)]
    assert found.pictures.tolist() == fired


def test_a_latent_that_is_always_on_scores_what_any_two_rows_are_alike() -> None:
    labels, owner = some_labels(40), np.arange(40) // 2
    seen = attributes(labels, owner)
    z = sp.csr_array(np.full((40, 2), 3.0) + np.array([0.0, 1e-9]))
    assert likeness(z, seen).score == pytest.approx(any_two(seen), abs=1e-12)
    pairs = [(n, m) for n, m in combinations(range(40), 2) if owner[n] != owner[m]]
    alike = [seen.unit[n] @ seen.unit[m] for n, m in pairs]
    assert any_two(seen) == pytest.approx(np.mean(alike))


def test_scale_and_shift_of_a_latent_change_nothing() -> None:
    rng = np.random.default_rng(2)
    seen = attributes(some_labels(30), np.arange(30))
    z = 1 + rng.exponential(size=(30, 4))
    one = likeness(sp.csr_array(z), seen).score
    other = likeness(sp.csr_array(z * [7, 1e-6, 1, 1e6] + [0, 0, 5, 0]), seen).score
    assert other == pytest.approx(one, abs=1e-9)


def test_one_picture_makes_no_pair() -> None:
    """Neither a single row, nor all captions of one picture, nor silence."""
    owner = np.repeat(np.arange(5), 2)
    z = np.zeros((10, 4))
    z[0, 0], z[2:4, 1], z[[4, 6], 2] = 1, 1, 1
    found = likeness(sp.csr_array(z), attributes(np.ones((10, 2), bool), owner))
    assert found.pictures.tolist() == [1, 1, 2, 0]
    assert found.paired(2).tolist() == [False, False, True, False]
    assert found.score.tolist() == [0, 0, pytest.approx(1), 0]


def test_rows_must_be_as_many() -> None:
    with pytest.raises(ValueError, match="3 rows of attributes for 4 codes, wanted one each"):
        likeness(sp.csr_array(np.eye(4)), attributes(np.ones((3, 2), bool), np.arange(3)))


def test_what_every_row_has_weighs_nothing() -> None:
    labels = np.array([[1, 1, 0], [1, 0, 1], [1, 0, 1], [1, 0, 0]], dtype=bool)
    assert rarity(labels) == pytest.approx(np.log([1, 5 / 2, 5 / 3]))
    seen = attributes(labels, np.arange(4), rarity(labels))
    assert seen.unit.toarray().tolist() == [[0, 1, 0], [0, 0, 1], [0, 0, 1], [0, 0, 0]]


def test_a_corner_is_the_farthest_rows_beyond_the_next() -> None:
    shown = np.array([3.0, -1.0, 5.0, 4.0])
    rows, values = corner(shown, 2)
    assert dict(zip(rows.tolist(), values.tolist(), strict=True)) == {2: 2, 3: 1}
    assert corner(shown, 0)[0].size == 0
    codes = as_codes([corner(shown, 4), corner(np.ones(4), 2), corner(shown, 9)], 4)
    assert codes.toarray().T.tolist() == [[4, 0, 6, 5], [0, 0, 0, 0], [4, 0, 6, 5]]


def test_the_curve_is_straight_over_the_logarithm() -> None:
    curve = Curve(np.array([1.0, 100.0]), np.array([1.0, 0.0]))
    assert curve.at(np.array([0, 1, 10, 100, 500])) == pytest.approx([1, 1, 0.5, 0, 0])


def test_an_example_of_tokens_lies_where_its_farthest_token_does() -> None:
    x = torch.tensor([[1.0, 0], [5, 1], [2, 0], [-1, 9]])
    read = replace(
        activations(x[:2], x), text_owner=torch.tensor([0, 0, 1, 1]), caption_of=torch.arange(2)
    )
    found = projections(read, "text", torch.tensor([[1.0], [0]]))
    assert found.tolist() == [[5], [2]]


def test_purity_is_chosen_on_train_and_read_elsewhere() -> None:
    train = np.array([[1, 0], [1, 0], [0, 1], [0, 1]], dtype=bool)
    codes = SparseCodes.from_dense(torch.tensor([[1.0, 0, 0], [2, 0, 0], [0, 1, 0], [1, 0, 0]]))
    concept = commonest(codes, train)
    assert concept.tolist() == [0, 1, 0]
    test = np.array([[0, 1], [1, 1], [0, 1], [0, 0]], dtype=bool)
    found = purity(codes, test, concept)
    assert found.share == pytest.approx([1 / 3, 1, 0])
    assert found.base == pytest.approx([1 / 4, 3 / 4, 1 / 4])


def test_spread_counts_latents_that_are_strongest_somewhere() -> None:
    codes = torch.tensor([[2.0, 1, 0], [0, 3, 1], [1, 0, 0], [0, 0, 0]])
    labels = np.array([[1, 0], [1, 1], [1, 0], [0, 1]], dtype=bool)
    assert spread(SparseCodes.from_dense(codes), labels).tolist() == [2, 1]


def test_each_modality_weighs_a_half() -> None:
    three = part(np.array([1.0, 1, 1]), np.arange(3))
    one = part(np.array([0.0]), np.array([9]))
    assert point_value(mean_of_both([three, one])) == pytest.approx(0.5)
    assert point_value(mean_of_both([three, NOTHING])) == pytest.approx(0.5)
    weighed = part(np.array([1.0, 0]), np.arange(2), np.array([3.0, 1]))
    assert point_value(weighed.units()) == pytest.approx(0.75)
    assert part(np.zeros(0), np.zeros(0, int)) is NOTHING
    assert part(np.ones(2), np.arange(2), np.zeros(2)) is NOTHING
