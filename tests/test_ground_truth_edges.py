"""Ground truth at its edges: empty codes, constant latents, nulls, ceiling, batches, no truth."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.contracts import Subject
from benchmark.sae.frames import disjoint
from tasks.ground_truth import GroundTruth
from tests.planted_subjects import (
    IMAGE,
    N_SHARED,
    TEXT,
    exact,
    frame,
    perfect,
    score,
    subject,
    tower,
    true_frame,
    value,
)

close = pytest.approx


def value_of(name: str, judged: Subject) -> float:
    return value(GroundTruth().score(judged)[name])


def test_empty_codes() -> None:
    silent = [tower(t.W_dec, b_enc=torch.full((len(t.W_dec),), -10.0)) for t in exact()]
    found = score(subject(*silent, true_frame()))
    assert found["f1"] == found["recall"] == 0
    for name in ("ae", "ae/centred", "ae/shuffled", "gae", "gre", "re"):
        assert found[name] == close(1), name


def test_an_always_on_latent_wins_raw_agreement_alone() -> None:
    """Same dictionary without a map, plus one constant latent that both modalities share."""
    with_constant = [
        tower(torch.cat([1e-4 * t.W_dec[:1], t.W_dec]), b_enc=torch.tensor([50.0, *[0.0] * n]))
        for t, n in zip(exact(), (IMAGE, TEXT), strict=True)
    ]
    found = score(subject(*with_constant, frame(IMAGE + 1, [0, *[-1] * TEXT])))
    plain = score(subject(*exact(), disjoint(IMAGE, TEXT)))
    assert found["ae"] < 0.01
    assert found["ae/shuffled"] < 0.01
    assert found["ae/centred"] > 0.9
    assert plain["ae"] == close(1)


def test_a_null_of_each_kind_and_the_ceiling() -> None:
    judged = perfect()
    by_name = {r.name: r for r in GroundTruth.references}
    draws = [
        value_of("f1", by_name["permuted map"].apply(judged, np.random.default_rng(i)))
        for i in range(60)
    ]
    assert np.mean(draws) == close(1 / N_SHARED, abs=0.05), "one fixed point in a permutation"
    weak = subject(*exact(), disjoint(IMAGE, TEXT))
    best = by_name["planted"].apply(weak, np.random.default_rng(0))
    for name in ("f1", "precision", "recall", "cci", "recovery@.95", "mcc"):
        assert value_of(name, best) == close(1), name
    drawn = by_name["random"].apply(judged, np.random.default_rng(0))
    assert value_of("recovery@.9", drawn) == 0
    assert 0.1 < value_of("mcc", drawn) < 0.6


def test_numbers_do_not_depend_on_batch_size() -> None:
    one, many = perfect(), perfect().with_(batch_size=7)
    first, second = score(one), score(many)
    assert first.keys() == second.keys()
    for name in first:
        assert first[name] == close(second[name], abs=1e-5), name


def test_what_cannot_be_judged_says_why() -> None:
    judged = perfect()
    with pytest.raises(ValueError, match="needs a planted dictionary"):
        GroundTruth().score(judged.with_(planted=None))
