"""Kappa against scikit-learn, and what is undefined about it."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import cohen_kappa_score

from benchmark.judging.agreement import agreement, kappa

RNG = np.random.default_rng(0)
A = RNG.integers(0, 3, 60)
B = np.where(RNG.random(60) < 0.7, A, RNG.integers(0, 3, 60))
PICTURES = [f"p{i // 2}" for i in range(60)]
NAMES = ("names", "caption")


@pytest.mark.parametrize(("far", "weights"), [(False, None), (True, "linear")])
def test_kappa_is_that_of_scikit_learn(far: bool, weights: str | None) -> None:
    weight = RNG.integers(0, 4, 60).astype(float)
    wanted = cohen_kappa_score(A, B, labels=[0, 1, 2], weights=weights, sample_weight=weight)
    assert kappa(A, B, weight, far) == pytest.approx(wanted, abs=1e-12)


def test_agreement_has_intervals_over_pictures() -> None:
    found = agreement(NAMES, (A.tolist(), B.tolist()), PICTURES)
    assert found.n == 60
    assert found.raw is not None
    assert found.kappa is not None
    assert found.weighted is not None
    assert found.raw.value == (A == B).mean()
    assert found.raw.n_clusters == 30
    for each in (found.raw, found.kappa, found.weighted):
        assert each.low is not None
        assert each.high is not None
        assert each.low < each.value < each.high
    assert found.undefined == ""


def test_only_what_both_judged_counts() -> None:
    found = agreement(NAMES, ([2, None, 0, 1], [2, 1, None, 0]), ["a", "b", "c", "d"])
    assert found.n == 2
    none = agreement(NAMES, ([None], [2]), ["a"])
    assert (none.n, none.raw, none.undefined) == (0, None, "no case was judged by both")


@pytest.mark.parametrize("other", [[2, 2, 2], [2, 1, 0]])
def test_kappa_of_a_judge_with_one_verdict_is_undefined(other: list[int]) -> None:
    found = agreement(NAMES, (other, [2, 2, 2]), ["a", "b", "c"])
    assert found.kappa is None
    assert found.weighted is None
    assert found.undefined.endswith("gives S2 to every case")
    assert found.raw is not None
    assert found.raw.value == pytest.approx(np.mean([o == 2 for o in other]))


def test_a_judge_that_is_far_off_agrees_less_by_weighted_kappa() -> None:
    near, far = [2, 1, 1, 0, 2, 0], [0, 1, 1, 0, 2, 0]
    base = [2, 2, 1, 0, 2, 0]
    found = [
        agreement(NAMES, (base, other), list("abcdef")).weighted
        for other in (near, [*far[:1], 2, *far[2:]])
    ]
    assert found[0] is not None
    assert found[1] is not None
    assert found[0].value > found[1].value
