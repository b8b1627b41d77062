"""Degraded dictionaries: nested, exact where they must be, and worse by construction."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.audit.asked import WORLD
from benchmark.audit.degrading import degraded
from benchmark.audit.expectations import DEGRADATIONS, FALL, FREE, row_of
from benchmark.audit.expected import EXPECTED
from benchmark.audit.known import Known, method_for
from benchmark.audit.levels import Point, grid
from benchmark.audit.places import chosen, places
from benchmark.audit.shuffling import exchange
from benchmark.audit.silencing import Silent
from benchmark.backends.planted import spelling
from benchmark.configure import build
from benchmark.contracts import MODALITIES, Artifact, Subject
from benchmark.contracts import silent as silent_steps
from benchmark.registry import catalogue, find
from benchmark.reports.names import short
from benchmark.run.fitting import training_data
from benchmark.run.materials import gather
from benchmark.run.request import Request
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import DenseMap
from benchmark.statistics import point_value
from tests.subjects import World

LEVELS = grid(7)


@cache
def planted() -> Subject:
    """`oracle` on the tiny world."""
    request = Request(
        (), (), (), ("synthetic:tiny",), None, (), (0,), "test", ("fair",), False, 200, 512,
        "cpu", Path("unused"), "only-missing",
    )  # fmt: skip
    materials = gather("synthetic:tiny", request, silent_steps, print)
    known = Known(materials, method_for(materials))
    method = known.case.method
    artifact = method.fit(training_data(method, materials, 0))
    splits = {name: materials.split(name) for name in ("train", "val", "test")}  # type: ignore[arg-type]
    return Subject(artifact, **splits, seed=0, planted=materials.data.planted)


def towers() -> Subject:
    """A dictionary of two towers, by hand."""
    return World().subject()


def silent(subject: Subject, level: float, draw: int = 0) -> set[int]:
    found = degraded(subject, Point("dropped", level, draw)).dictionary
    assert isinstance(found, Silent)
    return {int(i) for i in torch.nonzero(found.cut["image"])}


@pytest.mark.parametrize("whole", [planted, towers])
def test_what_a_level_degrades_the_next_one_does_too(whole: object) -> None:
    subject = whole()  # type: ignore[operator]
    for kind in ("dropped", "mixed"):
        before = {m: torch.zeros(1, dtype=torch.bool) for m in MODALITIES}
        for level in LEVELS[1:]:
            now = chosen(subject, Point(kind, level, 1))  # type: ignore[arg-type]
            for modality in MODALITIES:
                assert not (before[modality] & ~now[modality]).any()
            where = {m: places(subject, m) for m in MODALITIES}
            every = set(torch.cat(list(where.values())).tolist())
            picked = {int(i) for m in MODALITIES for i in where[m][now[m]]}
            assert len(picked) == math.ceil(level * len(every) - 1e-9)
            before = dict(now)
        assert all(cut.all() for cut in before.values())
    moved: set[int] = set()
    for level in LEVELS[1:]:
        target = exchange(subject, Point("shuffled", level, 1))
        now_moved = {int(i) for i in np.flatnonzero(target != np.arange(len(target)))}
        assert moved <= now_moved
        assert sorted(target) == list(range(len(target)))
        moved = now_moved


def test_draws_differ_and_repeat() -> None:
    subject = planted()
    one, again = (silent(subject, 0.3, 0) for _ in range(2))
    assert one == again
    assert one != silent(subject, 0.3, 1)


def test_both_sides_of_a_pair_are_dropped_together() -> None:
    subject = planted()
    cut = chosen(subject, Point("dropped", 0.4, 0))
    gone = [set(places(subject, m)[cut[m]].tolist()) for m in MODALITIES]
    shared = set(range(32))
    assert gone[0] & shared == gone[1] & shared
    assert gone[0] - shared


def test_the_destroyed_map_leaves_no_pair_its_partner() -> None:
    subject = planted()
    places = exchange(subject, Point("shuffled", 1.0, 0))
    assert (places[:32] != np.arange(32)).all()
    assert (places[32:] == np.arange(32, len(places))).all()


def test_one_latent_alone_cannot_be_exchanged() -> None:
    subject = planted()
    assert (exchange(subject, Point("shuffled", 1e-6, 0)) != np.arange(64)).sum() == 2


def turned_by(subject: Subject, level: float) -> torch.Tensor:
    """Angle of each direction with what it was, in degrees."""
    found = degraded(subject, Point("rotated", level, 0))
    angles = []
    for modality in MODALITIES:
        old, new = (s.dictionary.directions(modality) for s in (subject, found))
        present = old.any(1)
        cos = torch.nn.functional.cosine_similarity(old[present].double(), new[present].double())
        angles.append(torch.rad2deg(torch.arccos(cos.clamp(-1, 1))))
    return torch.cat(angles)


@pytest.mark.parametrize("whole", [planted, towers])
def test_every_direction_turns_by_the_angle_of_the_level(whole: object) -> None:
    subject = whole()  # type: ignore[operator]
    for level in (0.25, 0.5, 1.0):
        assert turned_by(subject, level).numpy() == pytest.approx(90 * level, abs=0.02)


def test_a_direction_turns_towards_the_same_one_all_the_way() -> None:
    subject = towers()
    half, full = (degraded(subject, Point("rotated", level, 0)) for level in (0.5, 1.0))
    old, mid, end = (s.dictionary.directions("image") for s in (subject, half, full))
    assert torch.allclose((old + end) / 2**0.5, mid, atol=1e-5)


def test_turned_detectors_are_as_loud_as_before() -> None:
    subject = towers()
    found = degraded(subject, Point("rotated", 1.0, 0))
    for modality in MODALITIES:
        x = subject.train.rows(modality)
        loud = [s.dictionary.tower(modality).pre_activations(x).std(0) for s in (subject, found)]  # type: ignore[attr-defined]
        assert torch.allclose(loud[0], loud[1], rtol=1e-3)


def test_random_latents_stand_in_for_the_share_alone() -> None:
    subject = towers()
    point = Point("mixed", 0.25, 0)
    found, picked = degraded(subject, point), chosen(subject, point)["image"]
    old, new = (s.dictionary.tower("image") for s in (subject, found))  # type: ignore[attr-defined]
    assert torch.equal(old.W_dec[~picked], new.W_dec[~picked])
    assert torch.equal(old.W_enc[:, ~picked], new.W_enc[:, ~picked])
    cos = torch.nn.functional.cosine_similarity(old.W_dec[picked], new.W_dec[picked])
    assert cos.abs().max() < 1e-5


def test_a_dropped_latent_never_fires_and_the_rest_is_as_it_was() -> None:
    subject = planted()
    found = degraded(subject, Point("dropped", 0.5, 0))
    fresh = replace(found, cache={})
    for modality in MODALITIES:
        cut = found.dictionary.cut[modality].numpy()  # type: ignore[attr-defined]
        whole, kept = (s.native("test", modality).csr().toarray() for s in (subject, found))
        assert not kept[:, cut].any()
        assert np.array_equal(kept[:, ~cut], whole[:, ~cut])
        assert np.array_equal(kept, fresh.native("test", modality).csr().toarray())
        assert torch.equal(
            subject.dictionary.directions(modality), found.dictionary.directions(modality)
        )


def test_the_whole_is_the_subject_itself() -> None:
    subject = planted()
    for kind in DEGRADATIONS:
        assert degraded(subject, Point(kind, 0.0, 0)) is subject


@pytest.mark.parametrize("fresh", [False, True])
def test_explained_variance_does_not_move_at_all_under_a_shuffled_map(fresh: bool) -> None:
    task, subject = build(find("task", "reconstruction"), {}), planted()
    whole = {name: point_value(each) for name, each in task.score(subject).items()}
    for level in LEVELS[1:]:
        found = degraded(subject, Point("shuffled", level, 0))
        units = task.score(replace(found, cache={}) if fresh else found)
        assert {name: point_value(each) for name, each in units.items()} == whole


def test_a_dense_map_cannot_be_degraded_latent_by_latent() -> None:
    subject = towers()
    old = subject.dictionary
    assert isinstance(old, Paired)
    eye, zero = torch.eye(12), torch.zeros(12)
    dense = Paired(old.image, old.text, DenseMap(eye, eye, zero, zero))
    mapped = subject.with_(artifact=Artifact(dense, subject.artifact.site))
    with pytest.raises(ValueError, match="has a dense map"):
        degraded(mapped, Point("dropped", 0.5, 0))


def test_other_dictionaries_cannot_be_turned() -> None:
    subject = degraded(towers(), Point("dropped", 0.5, 0))
    with pytest.raises(ValueError, match="Silent cannot be turned"):
        degraded(subject, Point("rotated", 0.5, 0))


def test_the_default_world_is_called_what_its_records_are() -> None:
    assert short(spelling(WORLD)) == WORLD


@pytest.mark.parametrize("name", sorted(set(EXPECTED) & set(catalogue("task"))))
def test_every_metric_with_a_direction_has_its_row_and_every_row_a_metric(name: str) -> None:
    table, metrics = EXPECTED[name], build(find("task", name), {}).metrics
    used = {metric.name: row_of(metric.name.replace("*", "x"), table) for metric in metrics}
    for metric in metrics:
        row = used[metric.name]
        known = metric.higher_is_better is None or any(row is each for each in table.values())
        assert known, f"{name}: say in expected.py what {metric.name} must do in an audit"
        assert FALL not in row or metric.higher_is_better is not None, metric.name
        assert FREE not in row or row.why, f"{name}: {metric.name} claims less and says not why"
    unused = [p for p, row in table.items() if not any(row is each for each in used.values())]
    assert not unused, f"{name}: {unused} are rows of no metric"
