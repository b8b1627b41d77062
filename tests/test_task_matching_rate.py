"""Matching rate on codes written by hand: exact answers, and cheats that must not pay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from benchmark.contracts import Concepts, NotApplicableError, SparseCodes, Subject
from benchmark.metrics.matching import Named, rare, scales, strongest
from benchmark.metrics.naming import names_of
from benchmark.run.scoring import score
from benchmark.statistics import point_value
from tasks.matching_rate import MatchingRate
from tests.subjects import Written, activations, subject

C, N, W = 12, 240, 16
TASK = MatchingRate()


def scenes(seed: int = 0) -> np.ndarray:
    """Two of twelve concepts in every picture."""
    order = np.random.default_rng(seed).random((N, C)).argsort(1)[:, :2]
    present = np.zeros((N, C), dtype=bool)
    np.put_along_axis(present, order, True, 1)
    return present


def world(image: Tensor | None = None, text: Tensor | None = None) -> Subject:
    """Latent j is concept j in both modalities, 1 where it is; four more latents are silent."""
    present = scenes()
    codes = torch.zeros(N, W)
    codes[:, :C] = torch.from_numpy(present).float()
    concepts = Concepts(tuple(map(str, range(C))), ("even", "odd") * (C // 2), present, present)
    rows = activations(
        codes if image is None else image, codes if text is None else text, concepts=concepts
    )
    return subject(rows, Written(W))


def perfect() -> Tensor:
    return world().test.image.clone()


def values(judged: Subject, task: MatchingRate = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(judged).items()}


def test_what_is_there_is_named_and_nothing_else() -> None:
    found = values(world())
    present = scenes()
    rate = [(present.sum(0)[row].sum() - 2) / (N - 1) / 3 for row in present]
    assert found["precision@3"] == found["distinct@3"] == pytest.approx(2 / 3)
    assert found["excess/precision@3"] == pytest.approx(2 / 3 - np.mean(rate))
    assert found["any@3"] == found["named/concepts"] == found["named/latents"] == 1
    assert found["named@3"] == pytest.approx(2 / 3)
    assert found["silent@3"] == pytest.approx(1 / 3)
    assert found["precision@3/even"] + found["precision@3/odd"] == pytest.approx(2 / 3)
    assert found["common/latents"] == 0


def test_expected_elsewhere_is_the_mean_over_all_other_pictures() -> None:
    rng = np.random.default_rng(1)
    present = rng.random((9, 5)) < 0.4
    found = Named(rng.integers(-1, 5, (9, 3)), present)
    for i, names in enumerate(found.concept):
        others = [present[j, names[names >= 0]].sum() / 3 for j in range(9) if j != i]
        assert found.elsewhere()[i] == pytest.approx(np.mean(others))


@pytest.mark.parametrize("name", ["other picture", "names exchanged"])
def test_nulls_leave_no_excess(name: str) -> None:
    scored = score(TASK, world(), frozenset(), {})
    (main,) = (s for s in scored.scores if s.main)
    (null,) = (r for r in main.references if r.name == name)
    assert null.draws == 20
    assert abs(null.value) < 0.03
    assert main.value > 0.5


def test_captions_keep_what_a_map_that_is_lost_has_not() -> None:
    order = torch.from_numpy(np.random.default_rng(3).permutation(C))
    image = perfect()
    image[:, :C] = image[:, order]
    scored = score(TASK, world(image), frozenset(), {})
    (main,) = (s for s in scored.scores if s.main)
    assert main.value < 0.05
    (captions,) = (r for r in main.references if r.name == "own captions")
    assert captions.value == pytest.approx(values(world())["excess/precision@3"])
    assert main.ceiling is None  # latents without a name make captions worse than pictures may be


def test_the_scale_of_a_latent_changes_nothing() -> None:
    rng = torch.Generator().manual_seed(0)
    image = perfect() * (1 + torch.rand(N, W, generator=rng))
    times = 10 ** (4 * torch.rand(W, generator=rng) - 2)
    assert values(world(image * times)) == pytest.approx(values(world(image)))


def test_a_latent_that_is_always_on_is_left_out() -> None:
    image = perfect()
    image[:, 15] = 100.0
    assert values(world(image))["precision@3"] == pytest.approx(2 / 3)
    assert values(world(image))["common/latents"] == pytest.approx(1 / (C + 1))


def test_a_latent_without_a_name_is_wrong() -> None:
    image = perfect()
    image[::4, 13:16] = 9.0
    image[0, :C] /= 2
    found = TASK.score(world(image))["precision@3"].numerator
    assert found[0] == 0
    assert found[1] == pytest.approx(2 / 3)


def test_one_name_three_times_counts_once_where_names_must_differ() -> None:
    present = torch.from_numpy(scenes())
    copies = torch.zeros(N, W)
    copies[:, 0] = copies[:, 12] = copies[:, 13] = present[:, 0].float()
    found = TASK.score(world(copies, copies))
    shown = scenes()[:, 0]
    assert found["precision@3"].numerator[shown] == pytest.approx(1)
    assert found["distinct@3"].numerator[shown] == pytest.approx(1 / 3)
    assert not found["any@3"].numerator[~shown].any()


@pytest.mark.parametrize("rows", [torch.ones(N, W), torch.zeros(N, W)], ids=["all", "none"])
def test_a_code_that_ties_everything_or_nothing_is_right_about_nothing(rows: Tensor) -> None:
    found = values(world(rows))
    assert found["excess/precision@3"] == found["any@3"] == 0
    assert found["silent@3"] == 1
    assert found.get("common/latents", 1) == 1


def test_silent_captions_leave_everything_unnamed() -> None:
    found = values(world(text=torch.zeros(N, W)))
    assert found["precision@3"] == found["excess/precision@3"] == found["named@3"] == 0
    assert "named/latents" not in found


def test_a_single_picture_has_no_other_to_fail_on() -> None:
    judged = world()
    one = activations(judged.test.image[:1], judged.test.text[:1], concepts=_first(judged))
    with pytest.raises(NotApplicableError, match="single picture"):
        TASK.score(replace(judged, test=one, cache={}))


def _first(judged: Subject) -> Concepts:
    of = judged.test.concepts
    assert of is not None
    return Concepts(of.names, of.kinds, of.image[:1], of.text[:1])


def test_the_papers_take_raw_strengths_of_named_latents() -> None:
    image = perfect()
    image[:6, 13:16] = 9.0
    image[0, :C] /= 2
    paper = MatchingRate(variant="paper")
    judged = world(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tasks.matching_rate.COMMON", 0.3)
        found = paper.score(judged)
    assert found["precision@3"].numerator[0] == pytest.approx(2 / 3)
    assert TASK.score(world(image))["precision@3"].numerator[0] == 0


def test_names_come_from_captions_alone() -> None:
    image = torch.rand(N, W, generator=torch.Generator().manual_seed(0))
    assert names_of(world(image)).concept[:C].tolist() == list(range(C))


# ------------------------------------------------------------------------------------ pieces


def codes(rows: list[list[float]]) -> SparseCodes:
    return SparseCodes.from_dense(torch.nn.functional.pad(torch.tensor(rows).float(), (0, 24)))


def test_scales_are_nearest_rank_percentiles_of_what_fires() -> None:
    rows = torch.zeros(400, 32)
    rows[:200, 0] = torch.arange(1.0, 201.0)
    rows[7, 1] = -3.0
    found = scales(SparseCodes.from_dense(rows))
    assert found[:3].tolist() == [198.0, 3.0, 0.0]


@pytest.mark.parametrize("dense", [False, True])
def test_the_strongest_come_first_and_the_lowest_wins_a_tie(dense: bool) -> None:
    z = codes([[1, 5, 1, 1], [0, 0, -2, 0], [0, 0, 0, 0]])
    if dense:
        z = SparseCodes(z.dense(), None, z.width)
    found = strongest(z, np.ones(28), np.ones(28, dtype=bool), 3)
    assert found.tolist() == [[1, 0, 2], [2, -1, -1], [-1, -1, -1]]
    allowed = np.arange(28) != 1
    assert strongest(z, np.ones(28), allowed, 3)[0].tolist() == [0, 2, 3]


def test_rare_latents_fire_on_some_rows_and_not_on_most() -> None:
    z = codes([[1, 1, 0, 0], [1, 0, 0, 0], [1, 0, 0, 1], [1, 0, 0, 1]])
    assert rare(z, 0.5)[:4].tolist() == [False, True, False, True]
