"""Scenes told patch by patch: what is there is told, what is wrong keeps within bounds."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from benchmark.worlds import textual_maps
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import OBJECTS, meanings
from benchmark.worlds.scene import Scene, sample, stream
from benchmark.worlds.textual_maps import Blend, Noise, blended, every_word, head, plain

GRID = 6
CLEAN = Noise(lowest=1.0, lost=0.0, wrong=0.0, confused=0.0, words=0.0, blur=0.0)
ROUGH = Noise(lowest=0.2, lost=0.9, wrong=0.6, confused=0.7)
COLOUR_WORDS = {colour.name for colour in COLOURS}
GROUND_WORDS = {ground.name for ground in BACKGROUNDS}


@pytest.fixture(scope="module")
def scenes() -> list[Scene]:
    return [sample(31, "train", i) for i in range(120)]


def told(blend: Blend, patch: int) -> Counter[str]:
    """Weight of every word of a patch, whichever slots it has."""
    found: Counter[str] = Counter()
    for word, weight in zip(blend.words[patch], blend.weights[patch], strict=True):
        found[word] += float(weight)
    return +found


def test_heads_tell_objects_apart() -> None:
    heads = [head(item.name) for item in OBJECTS]
    assert len(set(heads)) == len(OBJECTS)
    assert len(set(every_word())) == len(every_word()) == len(OBJECTS) + 9 + 6
    assert set(every_word()) == {*heads, *COLOUR_WORDS, *GROUND_WORDS}


def test_no_word_of_a_map_has_two_meanings() -> None:
    words = textual_maps.patch_words()
    every = [word for own in words for word in own]
    assert len(every) == len(set(every))
    assert not set(every) & (COLOUR_WORDS | GROUND_WORDS)
    for item, own in zip(OBJECTS, words, strict=True):
        assert own[0] == head(item.name)
        assert all(" " not in word for word in own)
        assert all(word in item.names and len(meanings()[word]) == 1 for word in own[1:])


@pytest.mark.parametrize("noise", [CLEAN, Noise(), ROUGH])
def test_a_plain_map_tells_every_object_and_its_colour(scenes: list[Scene], noise: Noise) -> None:
    names, of = textual_maps.patch_words(), [item.name for item in BACKGROUNDS]
    for i, scene in enumerate(scenes):
        words = plain(stream("plain", i), scene, GRID, noise)
        assert len(words) == GRID**2
        covered: set[int] = set()
        for item in scene.objects:
            patches, colour = item.patches(GRID), COLOURS[item.colour].name
            here = {words[patch] for patch in patches}
            assert here & set(names[item.object])
            assert colour in here
            assert here <= {*names[item.object], colour}
            covered |= set(patches)
        rest = {words[patch] for patch in range(GRID**2) if patch not in covered}
        allowed = {of[scene.background]} | (COLOUR_WORDS if noise.lost else set())
        assert rest <= allowed
        assert of[scene.background] in words


def test_wrong_colours_of_a_plain_map_are_few(scenes: list[Scene]) -> None:
    noise, wrong, n = Noise(), 0, 0
    for i, scene in enumerate(scenes):
        words = plain(stream("few", i), scene, GRID, noise)
        covered = {p for item in scene.objects for p in item.patches(GRID)}
        empty = [word for p, word in enumerate(words) if p not in covered]
        wrong, n = wrong + sum(word in COLOUR_WORDS for word in empty), n + len(empty)
    assert abs(wrong / n - noise.lost / 4) < 0.015


@pytest.mark.parametrize("noise", [CLEAN, Noise(), ROUGH])
def test_true_words_of_a_blended_map_carry_weight(scenes: list[Scene], noise: Noise) -> None:
    for i, scene in enumerate(scenes):
        blend = blended(stream("blended", i), scene, GRID, noise)
        ground = BACKGROUNDS[scene.background].name
        covered: set[int] = set()
        for item in scene.objects:
            name, colour = head(OBJECTS[item.object].name), COLOURS[item.colour].name
            rows = [told(blend, patch) for patch in item.patches(GRID)]
            assert max(row[name] for row in rows) >= noise.lowest - 1e-6
            assert min(row[colour] for row in rows) >= noise.lowest - 1e-6
            covered |= set(item.patches(GRID))
        for patch in set(range(GRID**2)) - covered:
            assert told(blend, patch)[ground] >= noise.lowest - 1e-6


@pytest.mark.parametrize("noise", [CLEAN, Noise(), ROUGH])
def test_wrong_words_of_a_blended_map_keep_within_bounds(scenes: list[Scene], noise: Noise) -> None:
    for i, scene in enumerate(scenes):
        blend = blended(stream("wrong", i), scene, GRID, noise)
        assert (blend.weights >= 0).all()
        owner = {p: item for item in scene.objects for p in item.patches(GRID)}
        for patch in range(GRID**2):
            true = {BACKGROUNDS[scene.background].name}
            most = 3 * noise.wrong
            if patch in owner:
                item = owner[patch]
                true |= {head(OBJECTS[item.object].name), COLOURS[item.colour].name}
                most += noise.confused
            false = {w: x for w, x in told(blend, patch).items() if w not in true}
            assert sum(false.values()) <= most + 1e-6
            assert not set(false) & (COLOUR_WORDS | GROUND_WORDS)
            assert len(false) <= (4 if patch in owner else 3)
            assert (blend.weights[patch, 1:4] <= noise.wrong).all()


def test_a_clean_map_says_the_truth_alone(scenes: list[Scene]) -> None:
    for i, scene in enumerate(scenes):
        blend = blended(stream("clean", i), scene, GRID, CLEAN)
        owner = {p: item for item in scene.objects for p in item.patches(GRID)}
        ground = BACKGROUNDS[scene.background].name
        for patch in range(GRID**2):
            found = told(blend, patch)
            assert found.pop(ground, 0.0) <= 1
            if patch in owner:
                item = owner[patch]
                names = head(OBJECTS[item.object].name), COLOURS[item.colour].name
                assert found == dict.fromkeys(names, 1.0)
            else:
                assert not found


def test_one_wrong_object_haunts_a_whole_object(scenes: list[Scene]) -> None:
    noise = Noise(lowest=1.0, lost=0.0, wrong=0.0, confused=0.5)
    strengths, same = [], 0
    for i, scene in enumerate(scenes):
        blend = blended(stream("confused", i), scene, GRID, noise)
        for item in scene.objects:
            true = {head(OBJECTS[item.object].name), COLOURS[item.colour].name}
            true.add(BACKGROUNDS[scene.background].name)
            rows = [told(blend, patch) for patch in item.patches(GRID)]
            false = [{w: x for w, x in row.items() if w not in true} for row in rows]
            assert all(row == false[0] for row in false)
            same += not false[0]
            strengths += list(false[0].values())
    assert 0 < min(strengths) < 0.1 < 0.4 < max(strengths) <= 0.5
    assert same < 0.1 * len(strengths)


def test_so_many_patches_do_not_name_their_object(scenes: list[Scene]) -> None:
    noise = Noise(lost=0.4, wrong=0.0, confused=0.0)
    named = []
    for i, scene in enumerate(scenes):
        blend = blended(stream("lost", i), scene, GRID, noise)
        for item in scene.objects:
            name = head(OBJECTS[item.object].name)
            named += [told(blend, patch)[name] > 0 for patch in item.patches(GRID)]
    assert abs(np.mean(named) - (1 - 0.4 * 3 / 4)) < 0.05


def test_a_map_is_of_its_stream_alone(scenes: list[Scene]) -> None:
    scene = next(scene for scene in scenes if len(scene.objects) == 3)
    first, again, other = (blended(stream(key), scene, GRID, Noise()) for key in (1, 1, 2))
    assert first.words == again.words
    assert np.array_equal(first.weights, again.weights)
    assert first.words != other.words
    assert plain(stream(1), scene, GRID, Noise()) == plain(stream(1), scene, GRID, Noise())
    assert plain(stream(1), scene, GRID, Noise()) != plain(stream(2), scene, GRID, Noise())


def test_an_empty_scene_is_ground_everywhere() -> None:
    scene = sample(0, "train", 0, n_objects=0)
    ground = BACKGROUNDS[scene.background].name
    assert set(plain(stream(0), scene, GRID, CLEAN)) == {ground}
    blend = blended(stream(0), scene, GRID, CLEAN)
    assert all(told(blend, patch) == {ground: 1.0} for patch in range(GRID**2))
