"""The pocket world keeps its promises: true captions, false twins, edits, disjoint splits."""

from __future__ import annotations

import hashlib
import subprocess
import sys
import time

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmark.worlds import templates
from benchmark.worlds.backgrounds import stands_out
from benchmark.worlds.captions import CAPTIONS_PER_SCENE, false_twins
from benchmark.worlds.claims import Claim, SceneTable, Thing, holds
from benchmark.worlds.contact_sheet import main as write_contact_sheet
from benchmark.worlds.palette import BACKGROUNDS, COLOURS, held_out
from benchmark.worlds.pictograms import CATEGORIES, OBJECT_INDEX, OBJECTS, meanings
from benchmark.worlds.scene import CELL_PX, Scene, sample
from benchmark.worlds.scenes import CONCEPT_NAMES, Scenes

SMALL = Scenes(seed=3, sizes=(120, 60, 400))
DIGEST = """
import hashlib, sys
from benchmark.worlds.scenes import Scenes
split = Scenes(seed=5, sizes=(20, 20, 20)).split("test")
data = split.images(0, 20).tobytes() + "\\n".join(split.captions).encode()
print(hashlib.sha256(data).hexdigest())
"""


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [sample(11, "test", i) for i in range(600)]


def busiest(scenes: list[Scene]) -> list[Scene]:
    return [scene for scene in scenes if len(scene.objects) == 3]


def test_world_is_rich() -> None:
    assert len(OBJECTS) >= 40
    assert len(COLOURS) == 9
    assert len(BACKGROUNDS) == 6
    assert all(len(item.names) >= 2 for item in OBJECTS)
    assert {item.category for item in OBJECTS} == set(CATEGORIES)
    assert len(templates.FULL) + len(templates.PARTIAL) + len(templates.EMPTY) >= 30
    assert {"club", "spade"} <= {name for name, objects in meanings().items() if len(objects) == 2}
    texts = Scenes(seed=1, sizes=(1, 1, 700)).split("test").captions
    words = {word for text in texts for word in text.replace(",", " ").replace(":", " ").split()}
    assert len(words) >= 250


def test_every_object_can_be_named_without_ambiguity() -> None:
    clear = {objects[0] for objects in meanings().values() if len(objects) == 1}
    assert clear == set(range(len(OBJECTS)))


def test_concept_names_are_unique() -> None:
    assert len(set(CONCEPT_NAMES)) == len(CONCEPT_NAMES)


def test_scenes_hold_none_to_three_objects_and_a_tenth_are_empty() -> None:
    counts = np.array([len(sample(0, "train", i).objects) for i in range(4000)])
    assert set(counts) == {0, 1, 2, 3}
    assert abs((counts == 0).mean() - 0.1) < 0.02


def test_same_seed_gives_the_same_bytes_in_another_process() -> None:
    split = Scenes(seed=5, sizes=(20, 20, 20)).split("test")
    data = split.images(0, 20).tobytes() + "\n".join(split.captions).encode()
    command = [sys.executable, "-c", DIGEST]
    other = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    assert other == hashlib.sha256(data).hexdigest()


def test_any_scene_can_be_rendered_alone_and_size_only_adds() -> None:
    small, large = SMALL.split("test"), Scenes(seed=3, sizes=(5, 5, 500)).split("test")
    assert (small.image(37) == large.image(37)).all()
    assert (small.images(30, 40)[7] == small.image(37)).all()
    assert small.captions[:50] == large.captions[:50]


def test_another_seed_or_size_is_another_revision() -> None:
    revisions = {Scenes().revision, Scenes(seed=1).revision, Scenes(sizes=(9, 9, 9)).revision}
    assert len(revisions) == 3
    assert Scenes().revision == Scenes(seed=0).revision


def test_objects_stay_inside_their_cell(scenes: list[Scene]) -> None:
    for item in (item for scene in scenes for item in scene.objects):
        left, top, right, bottom = item.box()
        row, column = divmod(item.cell, 3)
        assert column * CELL_PX <= left < right <= (column + 1) * CELL_PX
        assert row * CELL_PX <= top < bottom <= (row + 1) * CELL_PX


def test_patches_cover_the_box(scenes: list[Scene]) -> None:
    for item in (item for scene in scenes for item in scene.objects):
        left, top, right, bottom = item.box()
        touched = {y // 16 * 6 + x // 16 for y in range(top, bottom) for x in range(left, right)}
        assert touched <= set(item.patches(6))
        assert len(item.patches(6)) == 4


def test_a_grid_that_cuts_cells_is_refused(scenes: list[Scene]) -> None:
    item = busiest(scenes)[0].objects[0]
    with pytest.raises(ValueError, match="multiple of 3"):
        item.patches(7)


def test_colours_stand_out_from_their_ground(scenes: list[Scene]) -> None:
    visible = stands_out()
    assert (visible.sum(1) >= 6).all()
    assert all(visible[s.background, item.colour] for s in scenes for item in s.objects)


@given(seed=st.integers(0, 10**6), split=st.sampled_from(["train", "val", "test"]))
@settings(max_examples=150, deadline=None)
def test_every_caption_is_true_and_every_twin_false(seed: int, split: str) -> None:
    scene = sample(seed, split, 0)
    written = scene.captions()
    assert len({caption.text for caption in written}) == CAPTIONS_PER_SCENE
    assert sum(caption.full for caption in written) == 1
    for caption in written:
        assert holds(caption.claim, scene.slots, scene.background)
        for text, claim, kind in false_twins(caption, scene.slots, scene.background):
            assert not holds(claim, scene.slots, scene.background)
            assert text != caption.text
            assert kind in ("colour", "position")


def test_a_full_caption_tells_everything(scenes: list[Scene]) -> None:
    for scene in scenes:
        claim = next(caption.claim for caption in scene.captions() if caption.full)
        told = {(thing.colour, *thing.cells) for thing in claim.things}
        assert told == {(colour, cell) for _, colour, cell in scene.slots}
        assert claim.background == scene.background


def test_true_pairs_equal_the_slow_definition() -> None:
    split = Scenes(seed=8, sizes=(1, 1, 120)).split("test")
    slow = {
        (i, j)
        for j, caption in enumerate(split.written)
        for i, scene in enumerate(split.scenes)
        if holds(caption.claim, scene.slots, scene.background)
    }
    pairs = split.true_pairs()
    assert {(int(i), int(j)) for i, j in pairs} == slow
    assert len(pairs) == len(slow)
    assert {(int(i), j) for j, i in enumerate(split.caption_of)} <= slow


def test_true_pairs_of_a_full_test_split_take_seconds() -> None:
    split = Scenes(seed=2, sizes=(1, 1, 2000)).split("test")
    assert len(split.written) == 10_000
    started = time.process_time()
    pairs = split.true_pairs()
    assert time.process_time() - started < 5
    assert len(pairs) > 10_000


def test_claims_on_a_scene_known_by_hand() -> None:
    club, golf, cat = OBJECT_INDEX["club suit"], OBJECT_INDEX["golf club"], OBJECT_INDEX["cat"]
    either = Thing(frozenset({club, golf}))
    slots = [(cat, 0, 0), (golf, 4, 8)]
    a_cat, a_club = Thing(frozenset({cat})), Thing(frozenset({club}))
    truths = {
        Claim((a_cat,)): True,
        Claim((Thing(frozenset({cat}), colour=1),)): False,
        Claim((Thing(frozenset({cat}), cells=frozenset({0, 1, 2})),)): True,
        Claim((Thing(frozenset({cat}), cells=frozenset({6, 7, 8})),)): False,
        Claim((a_club,)): False,
        Claim((either,)): True,
        Claim((either, either)): False,
        Claim((a_cat,), count=1): False,
        Claim((a_cat,), background=2): True,
        Claim((a_cat,), background=3): False,
        Claim((a_cat, either), relation="left"): True,
        Claim((a_cat, either), relation="below"): False,
        Claim(count=2): True,
        Claim(count=0): False,
    }
    table = SceneTable([slots], [2])
    for claim, truth in truths.items():
        assert holds(claim, slots, 2) is truth, claim
        assert (len(table.true_of(claim)) == 1) is truth, claim


def test_splits_share_no_content() -> None:
    contents = {}
    for name in ("train", "val", "test"):
        split = Scenes(seed=0, sizes=(3000, 1000, 1000)).split(name)
        contents[name] = {(s.background, s.slots) for s in split.scenes if s.slots}
    other_seed = Scenes(seed=9, sizes=(3000, 1, 1)).split("train")
    contents["train"] |= {(s.background, s.slots) for s in other_seed.scenes if s.slots}
    assert not contents["train"] & contents["val"]
    assert not contents["train"] & contents["test"]
    assert not contents["val"] & contents["test"]


def test_held_out_pairs_are_in_the_test_split_alone() -> None:
    pairs = [(o, c) for o in range(len(OBJECTS)) for c in range(len(COLOURS)) if held_out(o, c)]
    assert len(pairs) == 21
    assert len({obj for obj, _ in pairs}) == len(pairs)
    big = Scenes(seed=0, sizes=(4000, 1000, 2000))
    assert not big.split("train").has_held_out.any()
    assert not big.split("val").has_held_out.any()
    assert 0.04 < big.split("test").has_held_out.mean() < 0.14


def test_removing_an_object_changes_its_box_alone(scenes: list[Scene]) -> None:
    for scene in busiest(scenes)[:40]:
        left, top, right, bottom = scene.objects[1].box()
        before, after = scene.render(), scene.without(1).render()
        assert (before[top:bottom, left:right] != after[top:bottom, left:right]).any()
        before[top:bottom, left:right] = after[top:bottom, left:right] = 0
        assert (before == after).all()
        assert len(scene.without(1).objects) == 2


def test_replacing_an_object_changes_its_cell_alone(scenes: list[Scene]) -> None:
    for scene in busiest(scenes)[:40]:
        new = next(o for o in range(len(OBJECTS)) if o not in {s[0] for s in scene.slots})
        changed = scene.replaced(0, new)
        assert changed.slots[0] == (new, *scene.slots[0][1:])
        row, column = (CELL_PX * part for part in divmod(scene.objects[0].cell, 3))
        before, after = scene.render(), changed.render()
        assert (before != after).any()
        cell = np.s_[row : row + CELL_PX, column : column + CELL_PX]
        before[cell] = after[cell] = 0
        assert (before == after).all()


def test_edits_that_cannot_be_are_refused(scenes: list[Scene]) -> None:
    scene = busiest(scenes)[0]
    with pytest.raises(ValueError, match="in the scene already"):
        scene.replaced(0, scene.objects[1].object)
    hidden = int((~stands_out()[scene.background]).nonzero()[0][0]) if scene.background != 5 else 0
    if not stands_out()[scene.background, hidden]:
        with pytest.raises(ValueError, match="does not show"):
            scene.replaced(0, scene.objects[0].object, hidden)


def test_concepts_say_what_is_there_and_what_is_asserted() -> None:
    split = SMALL.split("test")
    concepts = split.concepts
    assert concepts.image.shape == (400, len(CONCEPT_NAMES))
    assert concepts.text.shape == (2000, len(CONCEPT_NAMES))
    asserted_only_if_there = concepts.text <= concepts.image[split.caption_of]
    assert asserted_only_if_there.all()
    objects = np.array(concepts.kinds) == "object"
    counts = concepts.image[:, objects].sum(1)
    assert counts.tolist() == [len(scene.objects) for scene in split.scenes]
    assert (concepts.image[:, np.array(concepts.kinds) == "background"].sum(1) == 1).all()


def test_negatives_are_false_and_of_both_kinds() -> None:
    split = SMALL.split("test")
    negatives = split.negatives
    assert negatives is not None
    assert set(negatives.kinds) == {"colour", "position"}
    assert len(negatives.captions) == len(negatives.caption) == len(negatives.kinds)
    originals = [split.captions[j] for j in negatives.caption]
    assert all(a != b for a, b in zip(originals, negatives.captions, strict=True))
    assert SMALL.split("train").negatives is None


def test_all_is_the_three_splits_in_order() -> None:
    whole = SMALL.split("all")
    assert len(whole.ids) == sum(SMALL.sizes)
    assert whole.ids[:120] == SMALL.split("train").ids
    assert len(set(whole.ids)) == len(whole.ids)


def test_wrong_wishes_are_one_line() -> None:
    with pytest.raises(ValueError, match="no split called dev"):
        Scenes().split("dev")
    with pytest.raises(ValueError, match="wanted three counts"):
        Scenes(sizes=(0, 1, 1))


def test_rendering_is_fast(scenes: list[Scene]) -> None:
    for scene in scenes:
        scene.render()
    started = time.process_time()
    for scene in scenes:
        scene.render()
    assert (time.process_time() - started) / len(scenes) < 0.5e-3


def test_contact_sheet_is_a_picture(tmp_path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "sheet.png"
    write_contact_sheet(["--output", str(path), "--n", "6"])
    assert path.read_bytes().startswith(b"\x89PNG")
    assert str(path) in capsys.readouterr().out
