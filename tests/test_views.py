"""Pictures for the self-supervised tower: what is shared is shared, the rest is drawn anew."""

from __future__ import annotations

import ast
from pathlib import Path

import numpy as np
import pytest

from benchmark.recipes import selfsupervised
from benchmark.recipes.selfsupervised.objective import VIEW_STREAM
from benchmark.recipes.selfsupervised.views import (
    GRID,
    GROUND_PATCHES,
    GROUP,
    SHARED,
    group,
    views,
)
from benchmark.worlds.backgrounds import ground
from benchmark.worlds.glyphs import ANGLES, SIZES, n_variants
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import Placed, Scene, belongs

N_GROUPS = 48
SIDE = 16
WORDED = {"captions", "questions", "templates", "textual_maps", "palette", "pictograms", "scenes"}
Pair = tuple[Scene, Scene, int]


@pytest.fixture(scope="module")
def pairs() -> list[Pair]:
    """Two pictures of one object, and which of their objects it is."""
    made = [group(VIEW_STREAM, i) for i in range(N_GROUPS)]
    return [
        (each.first[i], each.second[row[s]], s)
        for each in made
        for i, row in enumerate(each.partner)
        for s in range(SHARED)
    ]


N = N_GROUPS * GROUP * SHARED


def shared(first: Scene, second: Scene, s: int) -> tuple[Placed, Placed]:
    """The object of both pictures."""
    return first.objects[s], second.objects[s]


def close(found: float, wanted: float, n: int) -> bool:
    """Within three and a half standard errors of a share."""
    return abs(found - wanted) < 3.5 * (wanted * (1 - wanted) / n) ** 0.5


def test_object_colour_cell_and_ground_are_shared(pairs: list[Pair]) -> None:
    for first, second, s in pairs:
        one, two = shared(first, second, s)
        assert (one.object, one.colour, one.cell) == (two.object, two.colour, two.cell)
        assert first.background == second.background
        assert first != second
        cells = [item.cell for item in second.objects]
        assert cells == sorted(set(cells))
        assert len({item.object for item in second.objects}) == len(cells) == SHARED


def test_how_the_object_is_drawn_is_not(pairs: list[Pair]) -> None:
    drawn = [shared(*each) for each in pairs]
    same = {
        "size": np.mean([a.size == b.size for a, b in drawn]),
        "angle": np.mean([a.angle == b.angle for a, b in drawn]),
    }
    assert close(float(same["size"]), 1 / len(SIZES), N)
    assert close(float(same["angle"]), 1 / len(ANGLES), N)
    chance = np.mean([1 / n_variants(a.object) for a, _ in drawn])
    assert close(float(np.mean([a.variant == b.variant for a, b in drawn])), float(chance), N)
    for read in (lambda o: o.u, lambda o: o.v, lambda o: o.tint[0], lambda o: o.tint[2]):
        x, y = np.array([[read(a), read(b)] for a, b in drawn]).T
        assert abs(np.corrcoef(x, y)[0, 1]) < 3.5 / N**0.5


def test_nothing_else_of_the_picture_is_shared(pairs: list[Pair]) -> None:
    cuts = np.array([[*a.offset, a.light, *b.offset, b.light] for a, b, _ in pairs], dtype=float)
    corr = np.corrcoef(cuts.T)[:3, 3:]
    assert np.abs(corr).max() < 3.5 / N**0.5
    assert close(float(np.mean([a.mirrored == b.mirrored for a, b, _ in pairs])), 0.5, N)


def test_the_company_is_another_one(pairs: list[Pair]) -> None:
    """Beside the shared object the same one seldom stands again: 1 in 16 by chance, a little more
    because only contents of train are drawn."""
    hits = [
        len({o.object for o in first.objects} & {o.object for o in second.objects}) - 1
        for first, second, _ in pairs
    ]
    assert 1 / GROUP < float(np.mean(hits)) / 2 < 2 / GROUP


def test_every_object_colour_and_ground_is_seen(pairs: list[Pair]) -> None:
    kept = [shared(*each)[0] for each in pairs]
    assert {item.object for item in kept} == set(range(len(OBJECTS)))
    assert {item.colour for item in kept} == set(range(len(COLOURS)))
    assert {item.cell for item in kept} == set(range(9))
    assert {first.background for first, _, _ in pairs} == set(range(len(BACKGROUNDS)))


def test_both_pictures_have_train_contents(pairs: list[Pair]) -> None:
    for first, second, _ in pairs:
        for scene in (first, second):
            assert belongs(scene.slots, scene.background, "train")
            assert not scene.has_held_out()


def test_chosen_patches_show_what_they_should() -> None:
    """The ground's are empty in both pictures, to the pixel; the objects' are not."""
    made = views(VIEW_STREAM, 0, GROUP)
    each = group(VIEW_STREAM, 0)
    assert made.patches.shape == (GROUP, 4 * SHARED + GROUND_PATCHES)
    for scenes, pictures in ((each.first, made.first), (each.second, made.second)):
        for scene, picture, patches in zip(scenes, pictures, made.patches, strict=True):
            assert len(set(patches)) == len(patches)
            x, y = scene.offset
            bare = ground(scene.background, x, y, scene.mirrored, scene.light)
            off = (np.asarray(bare).astype(np.uint8) != picture).any(2)
            cells = off.reshape(GRID, SIDE, GRID, SIDE).any((1, 3)).ravel()
            assert not cells[patches[4 * SHARED :]].any()
            for s in range(SHARED):
                assert cells[patches[4 * s : 4 * s + 4]].sum() >= 2


def test_groups_are_of_their_number_alone() -> None:
    assert group(3, 8) == group(3, 8)
    assert len({group(3, i).first[0].slots for i in range(12)}) == 12
    assert group(4, 8).second != group(3, 8).second
    whole, part = views(5, 0, 2 * GROUP), views(5, GROUP, GROUP)
    assert np.array_equal(whole.second[GROUP:], part.second)
    assert np.array_equal(whole.patches[GROUP:], part.patches)
    assert np.array_equal(whole.partner[GROUP:] - GROUP, part.partner)


def test_no_module_of_the_recipe_knows_a_word() -> None:
    for file in Path(selfsupervised.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("benchmark"):
                named = {*(node.module or "").split("."), *(alias.name for alias in node.names)}
                assert not named & WORDED, file
