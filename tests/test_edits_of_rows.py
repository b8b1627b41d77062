"""Removal and replacement where a picture is one row: things are one-hot, so all is known."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import matplotlib.image
import numpy as np
import pytest
import torch

from benchmark.contracts import (
    Artifact,
    Concepts,
    Exhibit,
    Exhibited,
    NotApplicableError,
    Subject,
)
from benchmark.interviews.editing import Editing
from benchmark.interviews.probes import probes_of
from benchmark.run.pictures import draw_exhibit
from benchmark.run.runner import Runner
from benchmark.run.scoring import score
from benchmark.statistics import point_value
from tasks.object_removal import ObjectRemoval
from tasks.object_replacement import ObjectReplacement
from tests.subjects import SITE, Written, activations

C, N, W = 8, 160, 12
TASKS = {"removal": ObjectRemoval(), "replacement": ObjectReplacement()}


def rows(seed: int, things: int = 2) -> Any:
    """So many things a picture, each an axis; a ground on an axis of its own."""
    rng = np.random.default_rng(seed)
    present = np.zeros((N, C), dtype=bool)
    np.put_along_axis(present, rng.random((N, C)).argsort(1)[:, :things], True, 1)
    x = torch.zeros(N, W)
    x[:, :C] = torch.from_numpy(present).float()
    x[:, W - 1] = 1
    x += 0.02 * torch.from_numpy(rng.standard_normal((N, W))).float()
    text = torch.zeros(N, W)
    text[:, :C] = torch.from_numpy(present).float()
    names = tuple(f"thing{i}" for i in range(C))
    concepts = Concepts(names, ("object",) * C, present, present)
    return activations(x, text, concepts=concepts)


def world(things: int = 2, **changes: Any) -> Subject:
    data = [rows(seed, things) for seed in range(3)]
    return replace(Subject(Artifact(Written(W), SITE), *data, 0), **changes)


@pytest.fixture(autouse=True)
def _rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.metrics.naming.LIFT", 3)


def values(judged: Subject, task: str) -> dict[str, float]:
    return {name: point_value(units, name) for name, units in TASKS[task].score(judged).items()}


@pytest.mark.parametrize("task", TASKS)
def test_a_push_along_the_axis_of_a_thing_does_it(task: str) -> None:
    found = values(world(), task)
    assert found[f"s2/{task}"] > 0.95
    assert found["eligible"] > 0.95
    assert found["parsed"] == found["with_latent"] == 1
    assert 0.2 <= found["dose"] <= 1.0
    assert found["captions/target/before"] > 0.9


def test_captions_follow_a_push_of_the_whole_length_of_a_thing() -> None:
    editing = Editing(world(), exchange=True)
    cases = editing.cases("test")
    pushes = editing.pushes(cases)
    whole = torch.stack([pushes[i] for i in range(len(cases))]) * 2**0.5
    before, after = (editing.setting.beside(cases, push) for push in (None, whole))
    told = {name: (before[name].mean(), after[name].mean()) for name in before}
    assert told["target"][0] > 0.95
    assert told["target"][1] < 0.05
    assert told["new"][0] < 0.05
    assert told["new"][1] > 0.9
    assert min(told["others"]) > 0.9


@pytest.mark.parametrize("task", TASKS)
def test_controls_fail_and_the_baseline_holds(task: str) -> None:
    (main,) = (s for s in score(TASKS[task], world(), frozenset(), {}).scores if s.main)
    found = {reference.name: reference.value for reference in main.references}
    assert set(found) == {"random", "wrong concept", "difference of means"}
    assert found["random"] <= 0.1
    assert found["wrong concept"] <= 0.1
    assert found["difference of means"] > 0.9
    assert main.ceiling is None


def test_a_dictionary_whose_axes_are_turned_does_nothing() -> None:
    class Turned(Written):
        def directions(self, modality: Any) -> torch.Tensor:
            del modality
            return torch.eye(W).roll(3, 0)

    assert values(world(artifact=Artifact(Turned(W), SITE)), "removal")["s2/removal"] < 0.1


def test_probes_and_means_are_of_different_pictures() -> None:
    subject = world()
    editing = Editing(subject, exchange=False)
    before = editing.setting.means()[0]
    image = subject.train.image.clone()
    image[1::2] += 5
    moved = replace(subject, train=replace(subject.train, image=image), cache={})
    assert torch.equal(Editing(moved, exchange=False).setting.means()[0], before)
    things = tuple(range(C))
    image = subject.train.image.clone()
    image[::2] += 5
    other = replace(subject.train, image=image)
    first, again = probes_of(subject.train, things), probes_of(other, things)
    assert np.array_equal(first.weight, again.weight)
    assert probes_of(subject.train, things) is first


def test_a_thing_of_too_few_pictures_is_not_probed() -> None:
    train = rows(0)
    assert train.concepts is not None
    shown = train.concepts.image.copy()
    shown[4:, 0] = False
    known = probes_of(replace(train, concepts=replace(train.concepts, image=shown)), (0, 1))
    assert known.things == (1,)


def test_where_rows_cannot_be_edited_it_is_said() -> None:
    with pytest.raises(NotApplicableError, match="two things"):
        values(world(things=1), "removal")
    tokens = world()
    twice = replace(
        tokens.train,
        image=tokens.train.image.repeat_interleave(2, 0),
        image_owner=torch.arange(N).repeat_interleave(2),
    )
    with pytest.raises(NotApplicableError, match="several rows"):
        values(replace(tokens, train=twice), "removal")
    with pytest.raises(NotApplicableError, match="published edits"):
        ObjectRemoval(variant="paper").score(world())


def test_a_replacement_needs_no_second_thing() -> None:
    assert values(world(things=1), "replacement")["s2/replacement"] > 0.75


@pytest.mark.parametrize("task", TASKS)
def test_the_best_comes_first_and_the_worst_last(task: str, tmp_path: Path) -> None:
    judged = world()
    TASKS[task].score(judged)
    found = TASKS[task].exhibit(judged)
    assert found is not None
    assert [case.title.split(":")[0] for case in found.cases] == ["best", "median", "worst"]
    scores = [int(case.lines[-1][1]) for case in found.cases]
    assert scores == sorted(scores, reverse=True)
    (chart,) = found.charts
    assert [curve.name for curve in chart.curves] == [
        "latents named by text",
        "latents named by labels",
        "difference of means",
        "random direction",
    ]
    assert chart.chosen in chart.curves[0].at
    path = draw_exhibit(found, "here", tmp_path / "new" / "picture.png")
    assert matplotlib.image.imread(path).std() > 0.05
    assert [file.name for file in path.parent.iterdir()] == ["picture.png"]


def test_marks_are_drawn_where_they_are(tmp_path: Path) -> None:
    plain = Exhibited("a", ("told",), np.full((96, 96, 3), 255, np.uint8))
    marked = replace(plain, boxes=((0.5, 0.5, 0.75, 0.75),))
    drawn = [
        matplotlib.image.imread(draw_exhibit(Exhibit((case,)), "here", tmp_path / f"{i}.png"))
        for i, case in enumerate((plain, marked))
    ]
    differs = (drawn[0] != drawn[1]).any(-1)
    rows, columns = (np.flatnonzero(differs.any(axis)) for axis in (1, 0))
    inside = drawn[1].shape
    assert differs.any()
    assert rows.min() > 0.4 * inside[0]
    assert columns.min() > 0.4 * inside[1]


def test_a_picture_that_fails_is_told_and_nothing_else_is_lost() -> None:
    class Task(ObjectRemoval):
        def exhibit(self, subject: Subject) -> None:  # noqa: ARG002
            raise RuntimeError("no ink")

    said: list[str] = []
    place: Any = SimpleNamespace(
        task=Task(), title="a · b", asked=SimpleNamespace(entry=SimpleNamespace(path=Path("t.py")))
    )
    Runner(request=None, shelf=None, say=said.append)._show(place, world())  # type: ignore[arg-type]
    assert len(said) == 1
    assert said[0].startswith("not drawn: a · b: RuntimeError: no ink")
