"""AUC of every latent for every concept, against the definition and scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import roc_auc_score

from benchmark.contracts import SparseCodes
from benchmark.metrics.auc import auc


def codes(n: int, width: int, seed: int, *, signed: bool) -> SparseCodes:
    """Coarse values with many ties; the last latent never fires, the one before it always does."""
    rng = np.random.default_rng(seed)
    values = rng.integers(-2 if signed else 0, 3, (n, width)).astype(np.float32)
    values *= rng.random((n, width)) < 0.3
    values[:, -1], values[:, -2] = 0, 1
    k = int((values != 0).sum(1).max())
    slots = np.argsort(-np.abs(values), axis=1, kind="stable")[:, :k].copy()
    taken = torch.from_numpy(np.take_along_axis(values, slots, axis=1))
    return SparseCodes.from_slots(taken, torch.from_numpy(slots), width)


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("dense", [False, True])
def test_equals_scikit_learn_on_ties_and_signs(signed: bool, dense: bool) -> None:
    z = codes(90, 14, 0, signed=signed)
    labels = np.random.default_rng(1).random((90, 6)) < 0.2
    form = SparseCodes(z.dense(), None, z.width) if dense else z
    found = auc(form, labels)
    values = z.dense().numpy()
    expected = [[roc_auc_score(labels[:, c], values[:, j]) for c in range(6)] for j in range(14)]
    assert found == pytest.approx(np.array(expected), abs=1e-12)


def test_by_hand() -> None:
    z = SparseCodes.from_dense(torch.tensor([[2.0, 0], [1, 0], [0, 0], [0, -1]]).repeat(1, 4))
    labels = np.array([[True], [False], [True], [False]])
    assert auc(z, labels)[:2, 0].tolist() == [(1 + 1 + 0 + 0.5) / 4, (0.5 + 1 + 0.5 + 1) / 4]


def test_a_latent_that_says_nothing_scores_one_half() -> None:
    z = codes(60, 10, 2, signed=False)
    labels = np.random.default_rng(3).random((60, 4)) < 0.3
    assert auc(z, labels)[-2:].tolist() == [[0.5] * 4] * 2


def test_a_concept_of_all_or_none_scores_one_half() -> None:
    z = codes(40, 10, 4, signed=True)
    labels = np.stack([np.zeros(40, bool), np.ones(40, bool)], axis=1)
    assert (auc(z, labels) == 0.5).all()


def test_empty_codes_score_one_half() -> None:
    empty = SparseCodes(torch.zeros(5, 1), torch.zeros(5, 1, dtype=torch.long), 3)
    labels = np.array([[True], [False], [True], [False], [False]])
    assert (auc(empty, labels) == 0.5).all()


def test_unequal_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="3 rows of labels for 40 codes"):
        auc(codes(40, 10, 4, signed=False), np.zeros((3, 1), bool))
