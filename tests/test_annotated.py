"""Pictures of which it is known what is where, and which nobody can draw again."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
import torch

from benchmark.contracts import (
    Annotated,
    Artifact,
    Editable,
    NotApplicableError,
    OpenWorld,
    Subject,
    thing_concepts,
)
from benchmark.interviews.editing import Editing, possible
from benchmark.judges.names import NameJudge
from benchmark.metrics.classes import things_of
from benchmark.worlds.scenes import SceneExamples, Scenes
from tests.subjects import SITE, Written, activations

W = 8
DATA = Scenes(sizes=(30, 20, 20))


@dataclass(frozen=True, eq=False)
class Taken:
    """Scenes as if they were photographs."""

    inner: SceneExamples
    other_names: frozenset[str] = frozenset({"cat food"})

    def __post_init__(self) -> None:
        for name in ("thing_names", "descriptions", "list_question", "ids", "concepts"):
            object.__setattr__(self, name, getattr(self.inner, name))
        for name in ("things", "replacements", "images"):
            object.__setattr__(self, name, getattr(self.inner, name))


def world(*, taken: bool) -> Subject:
    examples = {name: DATA.split(name) for name in ("train", "val", "test")}  # type: ignore[arg-type]
    rows = {
        name: activations(
            torch.randn(len(own.ids), W, generator=torch.Generator().manual_seed(0)),
            torch.zeros(len(own.ids), W),
            concepts=replace(own.concepts, text=own.concepts.image),
        )
        for name, own in examples.items()
    }
    shown = {name: Taken(own) for name, own in examples.items()} if taken else examples
    found = Artifact(Written(W), SITE)
    return Subject(found, *rows.values(), 0, examples=shown)  # type: ignore[arg-type]


def test_they_are_annotated_and_not_editable() -> None:
    own = Taken(DATA.split("test"))
    assert isinstance(own, Annotated)
    assert isinstance(own, OpenWorld)
    assert not isinstance(own, Editable)
    assert not isinstance(DATA.split("test"), OpenWorld)
    assert thing_concepts(own) == thing_concepts(DATA.split("test"))


def test_the_same_things_are_edited_as_in_scenes() -> None:
    drawn, taken = (Editing(world(taken=t), exchange=True) for t in (False, True))
    assert things_of(drawn.subject) == things_of(taken.subject) != ()
    assert drawn.cases("test") == taken.cases("test") != []
    assert drawn.cases("val") == taken.cases("val")
    case = taken.cases("test")[0]
    assert (taken.setting.picture(case) == drawn.setting.picture(case)).all()


def test_nothing_is_drawn_anew() -> None:
    editing = Editing(world(taken=True), exchange=True)
    assert not possible(editing.subject, "redrawn picture")
    assert possible(world(taken=False), "redrawn picture")
    assert editing.nameable("test") == [True] * len(editing.cases("test"))
    with pytest.raises(NotApplicableError, match="cannot be drawn anew"):
        editing.setting.redrawn("test", editing.cases("test"))


def test_a_world_with_phrases_of_its_own_reads_them_as_no_thing() -> None:
    names = (("cat",), ("food",))
    assert NameJudge(names).read("", "cat food").things() == {0, 1}
    found = NameJudge(names, others=frozenset({"cat food"})).read("", "cat food, a cat")
    assert found.things() == {0}
    assert found.unknown == ("cat food",)
