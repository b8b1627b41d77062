"""Things of the pocket world: where they are, what they are called, and pictures without them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmark.contracts import Annotated, Editable, Need, Thing
from benchmark.worlds.scenes import CONCEPT_KINDS, CONCEPT_NAMES, Scenes

EXAMPLES = Scenes(sizes=(4, 4, 40)).split("test")
FULL = [i for i, scene in enumerate(EXAMPLES.scenes) if len(scene.objects) > 1]


def test_scenes_can_be_edited() -> None:
    assert isinstance(EXAMPLES, Annotated)
    assert isinstance(EXAMPLES, Editable)
    assert {Need.PLACES, Need.EDITS} <= Scenes.provides
    assert len(EXAMPLES.thing_names) == len(CONCEPT_NAMES)
    for kind, name, names in zip(CONCEPT_KINDS, CONCEPT_NAMES, EXAMPLES.thing_names, strict=True):
        assert (name in names) == (kind == "object")
        assert bool(names) == (kind == "object")


def test_things_are_the_concepts_of_the_picture() -> None:
    for i in range(len(EXAMPLES.ids)):
        shown = np.flatnonzero(EXAMPLES.concepts.image[i])
        objects = {int(c) for c in shown if CONCEPT_KINDS[c] == "object"}
        assert {thing.concept for thing in EXAMPLES.things(i)} == objects


def test_patches_of_a_thing_are_those_of_its_cell() -> None:
    for i in FULL:
        for thing, item in zip(EXAMPLES.things(i), EXAMPLES.scenes[i].objects, strict=True):
            assert thing.patches((6, 6)) == item.patches(6)
            assert len(thing.patches((3, 3))) == 1
            assert len(thing.patches((24, 24))) == 64


def test_a_room_smaller_than_a_patch_has_no_patch_of_its_own() -> None:
    assert Thing(0, (0.0, 0.0, 0.05, 0.05)).patches((3, 3)) == ()


def test_only_the_room_of_the_thing_changes() -> None:
    for i in FULL[:8]:
        before, thing = EXAMPLES.image(i), EXAMPLES.things(i)[1]
        left, top, right, bottom = (round(96 * share) for share in thing.box)
        new = next(c for c in range(40) if c not in {t.concept for t in EXAMPLES.things(i)})
        for after in (EXAMPLES.without(i, 1), EXAMPLES.replaced(i, 1, new)):
            changed = (before != after).any(-1)
            assert changed[top:bottom, left:right].any()
            changed[top:bottom, left:right] = False
            assert not changed.any()


def test_what_cannot_be_drawn_is_refused() -> None:
    i = FULL[0]
    with pytest.raises(ValueError, match="is no object"):
        EXAMPLES.replaced(i, 0, CONCEPT_KINDS.index("colour"))
    with pytest.raises(ValueError, match="is in the scene already"):
        EXAMPLES.replaced(i, 0, EXAMPLES.things(i)[1].concept)
