"""Concept steering where things are axes of one space, so all is known: gains, controls, doses."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from benchmark.contracts import (
    Artifact,
    Concepts,
    Need,
    NotApplicableError,
    PairedActivations,
    Site,
    SparseCodes,
    Subject,
)
from benchmark.interviews.queries import DOSES, LEAST_KEPT, Queries, largest
from benchmark.interviews.query_cases import BASES, cases_of
from benchmark.interviews.query_pushes import directions, pushes
from benchmark.run.pictures import draw_exhibit
from benchmark.run.scoring import score
from benchmark.statistics import point_value
from tasks.concept_steering import ConceptSteering
from tests.subjects import SITE, Written, activations

TASK, PAPER = ConceptSteering(), ConceptSteering("paper")
C, N, W = 8, 160, 24
GROUND = slice(C, W)
"""Axes that tell pictures apart, whatever things they show."""


def mixing() -> torch.Tensor:
    """The unit direction of each axis: those of things lean into the ground, so pushes cost."""
    drawn = torch.randn(W, W, generator=torch.Generator().manual_seed(7))
    drawn[GROUND] = 0
    drawn[:, :C] = 0
    return normalize(torch.eye(W) + 0.5 * drawn, dim=1)


def rows(seed: int) -> PairedActivations:
    """Two things a picture, and a ground of its own that its caption shares."""
    rng = np.random.default_rng(seed)
    present = np.zeros((N, C), dtype=bool)
    np.put_along_axis(present, rng.random((N, C)).argsort(1)[:, :2], True, 1)
    x = torch.zeros(N, W)
    x[:, :C] = torch.from_numpy(present).float()
    x[:, GROUND] = torch.from_numpy(rng.standard_normal((N, W - C))).float() / 3
    noise = torch.from_numpy(rng.standard_normal((N, W))).float()
    names = tuple(f"thing{i}" for i in range(C))
    concepts = Concepts(names, ("object",) * C, present, present)
    return activations(x @ mixing(), x @ mixing() + 0.05 * noise, concepts=concepts)


class Axes(Written):
    """Latents that read things exactly; decoder directions may be turned, or of another length."""

    def __init__(
        self, turn: int = 0, length: float = 1.0, back: torch.Tensor | None = None
    ) -> None:
        super().__init__(W, back)
        object.__setattr__(self, "turn", turn)
        object.__setattr__(self, "length", length)

    def encode(self, x: torch.Tensor, modality: Any) -> SparseCodes:
        things = (x @ torch.linalg.inv(mixing()))[:, :C]
        found = torch.where(things > 0.5, things, 0)
        return super().encode(torch.nn.functional.pad(found, (0, W - C)), modality)

    def decode(self, codes: SparseCodes, modality: Any) -> torch.Tensor:
        return (
            super().decode(codes, modality) if self.back is not None else codes.dense() @ mixing()
        )

    def directions(self, modality: Any) -> torch.Tensor:
        del modality
        return self.length * mixing().roll(self.turn, 0)  # type: ignore[attr-defined]


def world(dictionary: Any = None, site: Site = SITE, **changes: Any) -> Subject:
    data = [rows(seed) for seed in range(3)]
    made = Subject(Artifact(dictionary or Axes(), site), *data, 0)
    return replace(made, **changes)


@pytest.fixture(autouse=True)
def _rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.metrics.naming.LIFT", 3)


def values(of: Subject, task: ConceptSteering = TASK) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in task.score(of).items()}


def test_a_push_along_the_axis_of_a_thing_finds_what_shows_it() -> None:
    found = values(world())
    assert found["with_latent"] == 1
    assert found["gain/images"] > 0.4
    assert found["gain/captions"] > 0.4
    assert found["gain"] == pytest.approx((found["gain/images"] + found["gain/captions"]) / 2)
    assert found["gain/with_latent"] == pytest.approx(found["gain"])
    assert found["kept/captions"] == pytest.approx(LEAST_KEPT, abs=0.08)
    assert 0 < found["kept/neighbours"] < 1
    assert found["before/images"] < 0.35


def test_gains_grow_with_the_dose_and_what_is_kept_shrinks() -> None:
    found = values(world())
    gains = [found[f"gain/dose:{dose:g}"] for dose in DOSES]
    kept = [found[f"kept/captions/dose:{dose:g}"] for dose in DOSES]
    cosine = [found[f"cosine/dose:{dose:g}"] for dose in DOSES]
    assert gains == sorted(gains)
    assert kept == sorted(kept, reverse=True)
    assert cosine == sorted(cosine, reverse=True)
    assert DOSES[0] < found["dose"] < DOSES[-1]


def test_controls_do_nothing_and_baselines_do_the_same() -> None:
    (main,) = (s for s in score(TASK, world(), frozenset(), {}).scores if s.main)
    found = {reference.name: reference.value for reference in main.references}
    assert set(found) == {
        "random direction",
        "wrong concept",
        "difference of means",
        "difference of captions",
    }
    assert abs(found["random direction"]) < main.value / 10
    assert abs(found["wrong concept"]) < main.value / 10
    assert main.floor == max(found["random direction"], found["wrong concept"])
    assert found["difference of means"] == pytest.approx(main.value, abs=0.05)
    assert found["difference of captions"] == pytest.approx(main.value, abs=0.05)
    assert main.ceiling is None


def test_a_dictionary_whose_axes_are_turned_gains_nothing() -> None:
    assert values(world(Axes(3)))["gain"] < 0.05


@pytest.mark.parametrize("length", [2.0**-7, 2.0**7])
def test_how_long_decoder_directions_are_changes_nothing(length: float) -> None:
    assert values(world(Axes(0, length))) == pytest.approx(values(world()), abs=1e-9)


def test_units_of_the_activations_change_nothing() -> None:
    plain = world()
    large = {
        n: replace(getattr(plain, n), image=8 * getattr(plain, n).image)
        for n in ("train", "val", "test")
    }
    assert values(world(**large)) == pytest.approx(values(plain), abs=1e-9)


class Mute(Axes):
    def encode(self, x: torch.Tensor, modality: Any) -> SparseCodes:
        return super().encode(torch.zeros_like(x), modality)


class Always(Axes):
    """Every latent fires on every row, so none can be named."""

    def encode(self, x: torch.Tensor, modality: Any) -> SparseCodes:
        return Written(W).encode(x.abs() + 1, modality)


@pytest.mark.parametrize("kind", [Mute, Always])
def test_a_concept_without_a_latent_gains_nothing(kind: type[Axes]) -> None:
    found = values(world(kind()))
    assert found["gain"] == found["gain/images"] == found["with_latent"] == 0
    assert not {"dose", "cosine", "kept/captions", "kept/neighbours"} & set(found)


def test_half_of_the_latents_gain_half() -> None:
    class Half(Axes):
        def directions(self, modality: Any) -> torch.Tensor:
            made = super().directions(modality)
            return torch.where(torch.arange(W)[:, None] % 2 == 0, made, 0)

    half, whole = values(world(Half())), values(world())
    assert half["with_latent"] == 0.5
    assert half["gain"] == pytest.approx(half["gain/with_latent"] / 2)
    assert half["gain/with_latent"] == pytest.approx(whole["gain"], abs=0.05)
    units = TASK.score(world(Half()))
    assert len(units["gain"].numerator) == C
    assert units["cosine"].denominator is not None
    assert (units["cosine"].denominator > 0).sum() == C / 2


def test_a_picture_has_not_the_concept_that_is_added() -> None:
    cases = cases_of(world(), "test")
    assert not cases.gallery.shows[cases.base, cases.concept].any()
    assert (np.bincount(cases.place) == BASES).all()
    other = cases_of(world(Axes(3)), "test")
    assert np.array_equal(cases.base, other.base)
    assert np.array_equal(cases.concept, other.concept)


def test_what_is_chosen_does_not_see_the_evaluated_rows() -> None:
    plain = world()
    test = plain.test
    moved = replace(
        test,
        image=test.image.flip(0) * 3,
        text=test.text.roll(5, 1),
        concepts=replace(test.concepts, image=test.concepts.image[::-1]),  # type: ignore[arg-type, union-attr, type-var]
    )
    changed = replace(plain, test=moved, cache={})
    for kind in ("own", "difference of means", "difference of captions"):
        one, other = (Queries(of, kind) for of in (plain, changed))  # type: ignore[arg-type]
        assert one.dose() == other.dose()
        a, b = (directions(of, kind, "fair") for of in (plain, changed))  # type: ignore[arg-type]
        assert all(torch.equal(a[c], b[c]) for c in range(C))


def test_a_dose_is_where_a_straight_line_meets_what_must_be_kept() -> None:
    assert largest({0.1: 1.0, 0.2: 0.9, 0.3: 0.7}) == pytest.approx(0.25)
    assert largest({0.1: 0.6}) == pytest.approx(0.05)
    assert largest({0.1: 1.0, 0.2: LEAST_KEPT}) == 0.2
    assert largest(dict.fromkeys(DOSES, 1.01)) == DOSES[-1]


def test_every_push_is_as_long_as_the_dose_says() -> None:
    of = world()
    norm = float(of.train.image.norm(dim=1).median())
    cases = cases_of(of, "test")
    for kind in ("own", "random direction", "wrong concept", "difference of captions"):
        push, able = pushes(of, "test", cases, kind, "fair")  # type: ignore[arg-type]
        assert able.all()
        assert torch.allclose(push.norm(dim=1), torch.ones(len(push), dtype=torch.float64))
    x = of.test.image[torch.from_numpy(cases.base)].double()
    own, _ = pushes(of, "test", cases, "own", "fair")
    by_hand = torch.nn.functional.cosine_similarity(x, x + 0.5 * norm * own).mean()
    found = values(of)["cosine/dose:0.5"]
    assert found == pytest.approx(float(by_hand))


def test_random_directions_differ_from_case_to_case_and_not_from_method_to_method() -> None:
    one, other = world(), world(Axes(3))
    cases = cases_of(one, "test")
    a, _ = pushes(one, "test", cases, "random direction", "fair")
    b, _ = pushes(other, "test", cases, "random direction", "fair")
    assert torch.equal(a, b)
    assert len(a.unique(dim=0)) == len(a)


def test_a_wrong_concept_is_another_one() -> None:
    of = world()
    own, wrong = (directions(of, kind, "fair") for kind in ("own", "wrong concept"))  # type: ignore[arg-type]
    assert all(not torch.equal(own[c], wrong[c]) for c in range(C))


def test_where_rows_are_no_joint_embedding_it_is_said() -> None:
    with pytest.raises(NotApplicableError, match="no joint embedding"):
        values(world(site=Site("block:2", "a", "b", block=2)))
    plain = world()
    tokens = replace(
        plain.train,
        image=plain.train.image.repeat_interleave(2, 0),
        image_owner=torch.arange(N).repeat_interleave(2),
    )
    with pytest.raises(NotApplicableError, match="several rows"):
        values(replace(plain, train=tokens))
    assert Need.SAME_WIDTH in TASK.needs


def test_where_no_concept_is_frequent_enough_it_is_said() -> None:
    plain = world()
    assert plain.test.concepts is not None
    everywhere = replace(plain.test.concepts, image=np.ones((N, C), dtype=bool))
    with pytest.raises(NotApplicableError, match="none of 8 things"):
        values(replace(plain, test=replace(plain.test, concepts=everywhere)))
    few = replace(plain.test.concepts, text=np.arange(N)[:, None] < np.full((1, C), 4))
    with pytest.raises(NotApplicableError, match="asserted by 5 captions"):
        values(replace(plain, test=replace(plain.test, concepts=few)))


def test_as_published_what_is_rebuilt_is_pushed_by_the_length_of_a_row() -> None:
    found = values(world(), PAPER)
    assert found["dose"] == 1
    assert found["with_latent"] == 1
    assert found["gain"] == pytest.approx(found["gain/dose:1"])
    blank = world(Axes(back=torch.ones(W)))
    queries = Queries(blank, variant="paper")
    assert (queries.pictures("test") == 1).all()
    assert not (replace(queries, kind="difference of means").pictures("test") == 1).all()


def test_as_published_the_latent_is_the_one_whose_mean_differs_most() -> None:
    found = directions(world(Axes(0, 3.0)), "own", "paper")
    assert all(torch.allclose(found[c], mixing()[c], atol=1e-6) for c in range(C))


def test_curves_are_drawn_where_there_are_some(tmp_path: Path) -> None:
    of = world()
    assert TASK.exhibit(of) is None
    found = TASK.score(of)
    exhibit = TASK.exhibit(of)
    assert exhibit is not None
    gains, kept = exhibit.charts
    assert [curve.name for curve in gains.curves] == ["gain", "gain/images", "gain/captions"]
    assert gains.curves[0].units[3].numerator.tolist() == found["gain/dose:0.4"].numerator.tolist()
    assert kept.chosen == pytest.approx(point_value(found["dose"], "dose"))
    assert draw_exhibit(exhibit, "here", tmp_path / "curves.png").stat().st_size > 10_000
    nothing = world(Mute())
    TASK.score(nothing)
    assert TASK.exhibit(nothing) is None
