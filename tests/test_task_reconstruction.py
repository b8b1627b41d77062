"""Reconstruction on rows whose right score is known, and under attack."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.contracts import NotApplicableError, PairedActivations, Subject, Units
from benchmark.sae.dictionaries import Paired
from benchmark.statistics import estimates, point_value
from tasks.reconstruction import Reconstruction
from tests.subjects import World, Written, activations, subject, unit_rows

TASK = Reconstruction()
REFERENCES = {reference.name: reference for reference in TASK.references}


def values(subject: Subject) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASK.score(subject).items()}


def refer(name: str, to: Subject, draw: int = 0) -> dict[str, float]:
    return values(REFERENCES[name].apply(to, np.random.default_rng(draw)))


@pytest.fixture(scope="module")
def planted() -> Subject:
    return World().subject()


def test_every_metric_by_hand() -> None:
    image = torch.tensor([[3.0, 4.0], [1.0, 0.0]])
    text = torch.tensor([[0.0, 2.0], [0.0, 4.0]])
    back = Written(2, torch.tensor([1.0, 2.0]))
    found = values(subject(activations(image, text), back))
    deviation, error = 2 * (1 + 4), (4 + 4) + (0 + 4)
    assert found["explained_variance/image"] == pytest.approx(1 - error / deviation)
    assert found["fvu/image"] == pytest.approx(error / deviation)
    assert found["mse/image"] == pytest.approx(error / 4)
    assert found["cosine/image"] == pytest.approx((11 / 5 / 5**0.5 + 1 / 5**0.5) / 2)
    assert found["norm_ratio/image"] == pytest.approx((5**0.5 / 5 + 5**0.5) / 2)
    assert found["l0/image"] == 1.5
    assert found["frac_alive/image"] == 0
    assert "density/image" not in found
    assert found["explained_variance/text"] == pytest.approx(1 - (1 + 5) / 2)
    assert found["explained_variance"] == pytest.approx(((1 - 12 / 10) + (1 - 6 / 2)) / 2)
    assert found["re"] == pytest.approx(0.25 * (8 / 25 + 4 / 1 + 1 / 4 + 5 / 16))
    mean = np.array([1.0, 2.5])
    about = sum(((row.numpy() - mean) ** 2).sum() for row in (*image, *text))
    assert found["explained_variance/pooled"] == pytest.approx(1 - 18 / about)


def test_the_mean_explains_nothing(planted: Subject) -> None:
    found = refer("mean", planted)
    for name in ("", "/image", "/text"):
        assert abs(found[f"explained_variance{name}"]) <= 1e-6
    assert found["fvu/image"] == pytest.approx(1, abs=1e-6)


def test_the_modality_gap_alone_wins_the_pooled_score(planted: Subject) -> None:
    test = replace(planted.test, text=planted.test.text + 5)
    assert refer("mean", planted.with_(test=test))["explained_variance/pooled"] > 0.8


def test_identity_explains_everything(planted: Subject) -> None:
    found = refer("identity", planted)
    assert found["explained_variance"] == pytest.approx(1, abs=1e-9)
    assert found["re"] == pytest.approx(0, abs=1e-9)


def test_planted_atoms_beat_pca_and_random_of_the_same_sparsity(planted: Subject) -> None:
    found = values(planted)
    assert found["explained_variance"] > 0.9
    assert found["l0/image"] <= 4
    assert refer("pca", planted)["explained_variance"] < found["explained_variance"]
    drawn = [refer("random", planted, draw)["explained_variance"] for draw in range(5)]
    assert 0 < np.mean(drawn) < 0.5
    assert len(set(drawn)) == 5


def test_all_components_explain_everything() -> None:
    data = activations(unit_rows(40, 6, 0), unit_rows(40, 6, 1))
    assert refer("pca", subject(data, k=6))["explained_variance"] == pytest.approx(1, abs=1e-5)


def test_an_empty_code_returns_the_bias(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    mute = Paired(
        replace(made.image, b_enc=made.image.b_enc - 1e6, b_dec=planted.test.image.mean(0)),
        replace(made.text, b_enc=made.text.b_enc - 1e6, b_dec=planted.test.text.mean(0)),
        made.frame,
    )
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=mute)))
    assert found["l0/image"] == 0
    assert found["frac_alive/text"] == 0
    assert abs(found["explained_variance"]) <= 1e-5


def scaled(data: PairedActivations, factor: float) -> PairedActivations:
    return replace(data, image=data.image * factor, text=data.text * factor)


def test_units_of_the_data_change_only_what_is_in_units(planted: Subject) -> None:
    made = planted.dictionary
    assert isinstance(made, Paired)
    towers = [replace(tower, scale=0.1, b_dec=tower.b_dec) for tower in (made.image, made.text)]
    other = Paired(*towers, made.frame)
    ten = {name: scaled(getattr(planted, name), 10.0) for name in ("train", "val", "test")}
    one = values(planted)
    new = values(planted.with_(artifact=replace(planted.artifact, dictionary=other), **ten))
    for name, old in one.items():
        factor = 100 if name.startswith("mse") else 10 if name.startswith("norm/") else 1
        assert new[name] == pytest.approx(factor * old, rel=1e-5, abs=1e-5), name


def test_batches_do_not_matter(planted: Subject) -> None:
    one, other = values(planted), values(planted.with_(batch_size=7))
    assert other == pytest.approx(one, abs=1e-5)


def test_the_main_score_is_exact_when_images_are_drawn_again(planted: Subject) -> None:
    units = TASK.score(planted)
    rng = np.random.default_rng(0)
    drawn = np.sort(rng.integers(0, planted.test.n_images, planted.test.n_images))
    weights = np.bincount(drawn, minlength=planted.test.n_images).astype(float)
    main = units["explained_variance"]
    assert main.value is not None

    def again(each: Units) -> float:
        cluster = each.cluster
        assert each.denominator is not None
        assert cluster is not None
        w = weights[cluster]
        return float((w @ each.numerator) / (w @ each.denominator))

    parts = [again(units[f"explained_variance/{m}"]) for m in ("image", "text")]
    assert main.value(weights) == pytest.approx(np.mean(parts), abs=1e-12)


def test_tokens_count_with_the_example_they_belong_to() -> None:
    data = activations(unit_rows(6, 4, 0), unit_rows(3, 4, 1))
    tokens = replace(data, image_owner=torch.tensor([0, 0, 0, 1, 2, 2]), ids=("a", "b", "c"))
    units = TASK.score(subject(tokens, Written(4)))
    assert len(units["mse/image"].numerator) == 3
    assert units["l0/image"].denominator is not None
    assert units["l0/image"].denominator.tolist() == [3, 1, 2]


def test_one_example_has_no_variance_to_explain() -> None:
    with pytest.raises(NotApplicableError, match="all 1 image rows are equal"):
        TASK.score(subject(activations(unit_rows(1, 4, 0), unit_rows(1, 4, 1))))


def test_unequal_widths_leave_out_the_pooled_score_alone() -> None:
    world = World()
    whole = world.subject()
    made = whole.dictionary
    assert isinstance(made, Paired)
    text = made.text
    wide = replace(
        text,
        W_enc=torch.cat([text.W_enc, 0 * text.W_enc[:2]]),
        W_dec=torch.cat([text.W_dec, 0 * text.W_dec[:, :2]], dim=1),
        b_dec=torch.cat([text.b_dec, torch.zeros(2)]),
    )
    grown = {
        name: replace(data, text=torch.nn.functional.pad(data.text, (0, 2)))
        for name in ("train", "val", "test")
        if (data := getattr(whole, name))
    }
    artifact = replace(whole.artifact, dictionary=Paired(made.image, wide, made.frame))
    other = whole.with_(artifact=artifact, **grown)
    assert set(values(whole)) - set(values(other)) == {"explained_variance/pooled"}
    for reference in TASK.references:
        assert estimates(TASK.score(reference.apply(other, np.random.default_rng(0))))
