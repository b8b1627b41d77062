"""Retrieval against known answers: chance, ties, several true partners, hard negatives."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import Modality, SparseCodes, Subject, Units
from benchmark.references.changes import identity
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import disjoint
from benchmark.statistics import point_value
from tasks.retrieval import Retrieval
from tests.subjects import World, Written, activations, subject, unit_rows

TASK = Retrieval()
PAPER = Retrieval("paper")
REFERENCES = {reference.name: reference for reference in TASK.references}
COCO = Path(__file__).parents[2] / "shared" / "data" / "coco500_clip_vitb16.npz"


def values(subject: Subject, task: Retrieval = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(subject).items()}


def null(to: Subject, metric: str, draws: int = 20) -> list[float]:
    apply = REFERENCES["shuffled partners"].apply
    return [values(apply(to, np.random.default_rng(i)))[metric] for i in range(draws)]


@pytest.fixture(scope="module")
def planted() -> Subject:
    return World().subject()


def test_matched_codes_find_each_other_and_unmatched_ones_are_at_chance(planted: Subject) -> None:
    assert values(planted)["r@10/t2i"] > 0.5
    n = planted.dictionary
    assert isinstance(n, Paired)
    apart = replace(n, frame=disjoint(12, 12))
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=apart)))
    for k in (1, 5, 10):
        assert found[f"r@{k}/t2i"] == pytest.approx(k / 300, abs=1e-12)
        expected = 1 - np.prod([(598 - i) / (600 - i) for i in range(k)])
        assert found[f"r@{k}/i2t"] == pytest.approx(expected, abs=1e-12)
    assert found["tie_rate/i2t"] == found["no_overlap/t2i"] == 1
    assert found["tie_size/i2t"] == 600


@pytest.mark.parametrize("row", [[0.0, 0, 0, 0], [1.0, 0, 0, 0], [1.0, 2, 0, -1]])
def test_a_code_that_ties_everything_scores_exactly_chance(row: list[float]) -> None:
    """Empty codes, one always-on latent, one code for all."""
    data = activations(
        torch.tensor([row] * 7), torch.tensor([row] * 21), [j // 3 for j in range(21)]
    )
    found = values(subject(data))
    for k in (1, 5, 10):
        assert found[f"r@{k}/t2i"] == pytest.approx(min(k, 7) / 7)
        missed = np.prod([(18 - i) / (21 - i) for i in range(k)])
        assert found[f"r@{k}/i2t"] == pytest.approx(1 - missed)
    assert found["r@1"] == pytest.approx(1 / 7)
    assert found["tie_size/i2t"] == 21
    pessimistic = values(subject(data), PAPER)
    assert pessimistic["r@1"] == pessimistic["r@10/i2t"] == 0
    assert pessimistic["r@10/t2i"] == 1


def test_by_hand_with_several_true_partners() -> None:
    image = torch.tensor([[1.0, 0, 0], [0, 1, 0]])
    text = torch.tensor([[1.0, 0, 0], [1, 1, 0], [0, 0, 1]])
    data = activations(image, text, [0, 1, 1], [(0, 0), (0, 1), (1, 1), (1, 2)])
    units = TASK.score(subject(data))
    assert units["r@1/i2t"].numerator.tolist() == [1, 1]
    assert units["r@1/t2i"].numerator.tolist() == [1, 1, 0.5]
    assert units["r@1/t2i"].cluster is not None
    assert units["r@1/t2i"].cluster.tolist() == [0, 1, 1]
    main = units["r@1"]
    assert main.value is not None
    assert main.value(np.ones(2)) == pytest.approx((1 + 2.5 / 3) / 2)
    assert main.value(np.array([0.0, 1])) == pytest.approx((1 + 1.5 / 2) / 2)


def test_an_image_without_a_caption_is_no_query() -> None:
    data = activations(torch.eye(3), torch.eye(3)[:2])
    units = TASK.score(subject(data))
    assert units["r@1/i2t"].cluster is not None
    assert units["r@1/i2t"].cluster.tolist() == [0, 1]
    assert values(subject(data))["r@1"] == 1


def test_a_single_example_finds_itself() -> None:
    found = values(subject(activations(unit_rows(1, 4, 0), unit_rows(1, 4, 1))))
    assert found["r@1"] == found["r@10/i2t"] == 1


def test_shuffled_partners_are_at_the_chance_of_arithmetic(planted: Subject) -> None:
    """Whoever comes first belongs to a random image: r@1 is 1/n; r@k of captions k/n."""
    values(planted)
    assert np.mean(null(planted, "r@1/i2t")) == pytest.approx(1 / 300, abs=0.0025)
    assert np.mean(null(planted, "r@10/t2i")) == pytest.approx(10 / 300, abs=0.005)


@pytest.mark.parametrize("kept", [1 << 26, 0], ids=["scores kept", "scores redone"])
@pytest.mark.parametrize("task", [TASK, PAPER], ids=["fair", "paper"])
def test_a_null_drawn_from_leading_scores_is_the_null_drawn_in_full(
    planted: Subject, task: Retrieval, kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("benchmark.references.standings.KEPT", kept)
    twice = planted.test.pairs.repeat(2, 1)
    used = planted.with_(test=replace(planted.test, pairs=twice))
    full = task.score(used)
    assert "tie_rate/i2t" in full
    apply = REFERENCES["shuffled partners"].apply
    short = task.score(apply(used, np.random.default_rng(5)))
    fresh = apply(used.with_(), np.random.default_rng(5))
    fresh.cache.clear()
    long = task.score(fresh)
    assert set(short) == {name for name in long if name.startswith("r@")}
    for name, units in short.items():
        assert np.array_equal(units.numerator, long[name].numerator), name


@dataclass(frozen=True, eq=False)
class Spy:
    """Writes the number of the pair into the code: looks at what it must not see."""

    width: int = 4096

    def encode(self, x: Tensor, modality: Modality) -> SparseCodes:
        own = torch.arange(len(x)) // (1 if modality == "image" else 2)
        return SparseCodes(torch.ones(len(x), 1), own[:, None], self.width)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        del modality
        return codes

    def decode(self, codes: SparseCodes, modality: Modality) -> Tensor:
        del modality
        return torch.ones(len(codes), 48)

    def directions(self, modality: Modality) -> Tensor:
        del modality
        return torch.eye(self.width)


def test_a_code_that_knows_its_partner_wins_but_its_null_does_not(planted: Subject) -> None:
    spying = planted.with_(artifact=replace(planted.artifact, dictionary=Spy()))
    assert values(spying)["r@1"] == 1
    assert np.mean(null(spying, "r@1")) < 0.02
    assert values(spying.with_(batch_size=50))["r@1"] < 0.5


def test_a_common_rotation_changes_nothing_and_a_one_sided_one_everything() -> None:
    rows = torch.randn(200, 32, generator=torch.Generator().manual_seed(0))
    turn = torch.linalg.qr(torch.randn(32, 32, generator=torch.Generator().manual_seed(1))).Q
    near = rows + 0.3 * unit_rows(200, 32, 2)

    def score(image: Tensor, text: Tensor) -> dict[str, float]:
        return values(identity(subject(activations(image, text)), np.random.default_rng(0)))

    one, both = score(rows, near), score(rows @ turn, near @ turn)
    assert one["r@1"] > 0.95
    assert both == pytest.approx(one, abs=2 / 200)
    assert score(rows @ turn, near)["r@1"] < 0.05


def test_random_weights_in_each_modality_are_at_chance(planted: Subject) -> None:
    random = np.random.default_rng(3)
    width = 48
    towers = [
        replace(
            planted.dictionary.tower(m),
            W_enc=torch.from_numpy(  # type: ignore[attr-defined]
                random.standard_normal((48, width))
            ).float(),
            b_enc=torch.zeros(width),
            W_dec=torch.zeros(width, 48),
        )
        for m in ("image", "text")
    ]
    made = Paired(*towers, disjoint(width, width))
    found = values(planted.with_(artifact=replace(planted.artifact, dictionary=made)))
    assert found["r@1"] == pytest.approx(1 / 300, abs=1e-12)


@pytest.mark.parametrize("factor", [0.1, 10.0])
def test_the_scale_of_the_data_changes_no_recall(factor: float) -> None:
    image, text = unit_rows(60, 16, 4), unit_rows(60, 16, 5) + unit_rows(60, 16, 4)
    one = values(subject(activations(image, text)))
    ten = values(subject(activations(image * factor, text * factor)))
    assert ten == pytest.approx(one, abs=1e-12)


def test_batches_do_not_matter(planted: Subject) -> None:
    one, other = values(planted), values(planted.with_(batch_size=7))
    assert other == pytest.approx(one, abs=2 / 600)


def test_every_method_has_the_same_units(planted: Subject) -> None:
    apart = replace(planted.dictionary, frame=disjoint(12, 12))  # type: ignore[type-var]
    other = planted.with_(artifact=replace(planted.artifact, dictionary=apart))
    one, two = TASK.score(planted), TASK.score(other)
    assert one.keys() == two.keys()
    for name, units in one.items():
        assert len(units.numerator) == len(two[name].numerator)
        assert same(units, two[name])


def same(a: Units, b: Units) -> bool:
    return (a.cluster is None and b.cluster is None) or np.array_equal(a.cluster, b.cluster)


@dataclass(frozen=True)
class SomeHeldOut:
    """Examples of which nothing is asked but which pictures are new."""

    has_held_out: np.ndarray


def test_pictures_with_a_combination_that_train_never_shows_count_by_themselves() -> None:
    data = activations(torch.eye(4), torch.eye(4)[[0, 1, 3, 2]], [0, 1, 2, 3])
    negatives = torch.eye(4)[[1, 1, 2, 3]]
    data = replace(
        data,
        negatives=negatives,
        negative_of=torch.arange(4),
        negative_kinds=("colour",) * 4,
    )
    new = np.array([False, True, True, False])
    judged = replace(subject(data), examples={"test": SomeHeldOut(new)})
    found = values(judged)
    assert (found["r@1"], found["r@1/held_out"]) == (0.5, 0.5)
    assert found["hard_negatives/held_out"] == pytest.approx((0.5 + 0) / 2)
    assert len(TASK.score(judged)["r@1/held_out"].numerator) == 2
    none = replace(subject(data), examples={"test": SomeHeldOut(new & False)})
    assert "r@1/held_out" not in values(none)


def test_hard_negatives_by_hand() -> None:
    """Caption 0 beats its swap, caption 1 ties with it, caption 2 loses."""
    data = activations(torch.eye(4)[:3], torch.eye(4)[:3] + torch.eye(4)[3])
    negatives = torch.tensor([[0.0, 1, 1, 0], [0, 1, 0, 1], [0, 0, 1, 0]])
    data = replace(
        data,
        negatives=negatives,
        negative_of=torch.arange(3),
        negative_kinds=("colour", "position", "position"),
    )
    units = TASK.score(subject(data))
    assert units["hard_negatives"].numerator.tolist() == [1, 0.5, 0]
    assert units["hard_negatives/colour"].numerator.tolist() == [1]
    assert units["hard_negatives/position"].numerator.tolist() == [0.5, 0]


def test_words_without_order_cannot_tell_a_swap() -> None:
    data = activations(unit_rows(5, 8, 6), unit_rows(5, 8, 7))
    data = replace(
        data,
        negatives=data.text.clone(),
        negative_of=torch.arange(5),
        negative_kinds=("colour",) * 5,
    )
    assert values(subject(data))["hard_negatives"] == 0.5


def test_reconstructions_of_unequal_widths_are_not_compared() -> None:
    data = activations(torch.eye(3), torch.eye(3))
    other = replace(data, text=torch.eye(4)[:3])
    found = values(subject(other, Written(4)))
    assert found["r@1"] == 1
    assert not [name for name in found if name.startswith("reconstruction/")]


@pytest.mark.skipif(not COCO.exists(), reason="the COCO embeddings are not part of the project")
def test_dense_recall_of_real_embeddings() -> None:
    with np.load(COCO, allow_pickle=False) as file:
        data = activations(torch.from_numpy(file["image"]), torch.from_numpy(file["text"]))
    found = values(identity(subject(data), np.random.default_rng(0)))
    assert round(found["r@1/i2t"], 3) == 0.552
    assert round(found["r@1/t2i"], 3) == 0.506
