"""Pairs of pictures for the self-supervised tower: what is shared is shared, the rest is anew."""

from __future__ import annotations

import ast
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from benchmark.recipes import selfsupervised
from benchmark.recipes.selfsupervised.objective import VIEW_STREAM
from benchmark.recipes.selfsupervised.views import GRID, GROUND_PATCHES, pair, views
from benchmark.worlds.backgrounds import ground
from benchmark.worlds.glyphs import ANGLES, SIZES, n_variants
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import Placed, Scene, _belongs

N = 700
SIDE = 16
WORDED = {"captions", "questions", "templates", "textual_maps", "palette", "pictograms", "scenes"}


@pytest.fixture(scope="module")
def pairs() -> list[tuple[Scene, Scene, list[int]]]:
    return [pair(VIEW_STREAM, i) for i in range(N)]


def shared(first: Scene, second: Scene, patches: list[int]) -> tuple[Placed, Placed]:
    """The object of both pictures that stands at the chosen patches."""
    a, b = (
        [item for item in scene.objects if list(item.patches(GRID)) == patches[:4]]
        for scene in (first, second)
    )
    (one,), (two,) = a, b
    return one, two


def others(scene: Scene, kept: Placed) -> list[Placed]:
    return [item for item in scene.objects if item != kept]


def close(found: float, wanted: float, n: int) -> bool:
    """Within three and a half standard errors of a share."""
    return abs(found - wanted) < 3.5 * (wanted * (1 - wanted) / n) ** 0.5


def test_object_colour_cell_and_ground_are_shared(pairs: list) -> None:
    for first, second, patches in pairs:
        one, two = shared(first, second, patches)
        assert (one.object, one.colour, one.cell) == (two.object, two.colour, two.cell)
        assert first.background == second.background
        assert first != second
        cells = [item.cell for item in second.objects]
        assert cells == sorted(set(cells))
        assert len({item.object for item in second.objects}) == len(cells) <= 3


def test_how_the_object_is_drawn_is_not(pairs: list) -> None:
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


def test_nothing_else_of_the_picture_is_shared(pairs: list) -> None:
    cuts = np.array([[*a.offset, a.light, *b.offset, b.light] for a, b, _ in pairs], dtype=float)
    corr = np.corrcoef(cuts.T)[:3, 3:]
    assert np.abs(corr).max() < 3.5 / N**0.5
    assert close(float(np.mean([a.mirrored == b.mirrored for a, b, _ in pairs])), 0.5, N)
    counts = np.array([[len(a.objects), len(b.objects)] for a, b, _ in pairs])
    assert abs(np.corrcoef(counts.T)[0, 1]) < 3.5 / N**0.5


def test_other_objects_are_drawn_anew(pairs: list) -> None:
    """Objects, cells and colours beside the shared one agree as often as with a stranger's."""
    rest = []
    for first, second, patches in pairs:
        one, two = shared(first, second, patches)
        rest.append((others(first, one), others(second, two)))

    def agree(shift: int, what: str) -> float:
        hits = [
            getattr(a, what) in {getattr(b, what) for b in rest[(i + shift) % N][1]}
            for i, (mine, _) in enumerate(rest)
            for a in mine
        ]
        return float(np.mean(hits))

    for what in ("object", "colour", "cell"):
        stranger = np.mean([agree(shift, what) for shift in range(1, 40)])
        assert abs(agree(0, what) - stranger) < 0.05, what


def test_every_object_colour_and_ground_is_seen(pairs: list) -> None:
    kept = [shared(*each)[0] for each in pairs]
    assert {item.object for item in kept} == set(range(len(OBJECTS)))
    assert {item.colour for item in kept} == set(range(len(COLOURS)))
    assert {item.cell for item in kept} == set(range(9))
    assert {first.background for first, _, _ in pairs} == set(range(len(BACKGROUNDS)))


def test_both_pictures_have_train_contents(pairs: list) -> None:
    for first, second, _ in pairs:
        for scene in (first, second):
            assert _belongs(scene.slots, scene.background, "train")
            assert not scene.has_held_out()


def test_chosen_patches_show_what_they_should() -> None:
    """The ground's are empty in both pictures, to the pixel; the object's are not."""
    n = 24
    made = views(VIEW_STREAM, 0, n)
    assert made.patches.shape == (n, 4 + GROUND_PATCHES)
    for i in range(n):
        first, second, patches = pair(VIEW_STREAM, i)
        assert made.patches[i].tolist() == patches
        assert len(set(patches)) == len(patches)
        for scene, picture in ((first, made.first[i]), (second, made.second[i])):
            x, y = scene.offset
            bare = ground(scene.background, x, y, scene.mirrored, scene.light)
            off = (np.asarray(bare).astype(np.uint8) != picture).any(2)
            cells = off.reshape(GRID, SIDE, GRID, SIDE).any((1, 3)).ravel()
            assert not cells[patches[4:]].any()
            assert cells[patches[:4]].sum() >= 2


def test_pairs_are_of_their_number_alone() -> None:
    assert pair(3, 8) == pair(3, 8)
    seen = [pair(3, i)[0].slots for i in range(30)]
    assert all(a != b for a, b in pairwise(seen))
    assert pair(4, 8)[1] != pair(3, 8)[1]
    whole, part = views(5, 0, 4), views(5, 2, 2)
    assert np.array_equal(whole.second[2:], part.second)
    assert np.array_equal(whole.patches[2:], part.patches)


def test_no_module_of_the_recipe_knows_a_word() -> None:
    for file in Path(selfsupervised.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("benchmark"):
                named = {*(node.module or "").split("."), *(alias.name for alias in node.names)}
                assert not named & WORDED, file
