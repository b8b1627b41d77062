"""References are changed subjects: what they change, what they keep, and when they say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from benchmark.contracts import Subject
from benchmark.metrics.subsets import caption_pairs, captions_as_images, first_images
from benchmark.references.changes import (
    DISTINCT,
    active_latents,
    inheriting,
    mean_predictor,
    nothing,
    random_dictionary,
    reference,
    shuffled_partners,
    wanted,
)
from benchmark.references.sides import other_captions, random_places, shuffled_map
from benchmark.sae.dictionaries import Paired
from benchmark.sae.plain_dictionaries import constant, identity, principal, random_units
from tests.subjects import World, activations, subject, unit_rows


@pytest.fixture(scope="module")
def planted() -> Subject:
    return World().subject()


def rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_everything_is_wanted_until_a_reference_says_less(planted: Subject) -> None:
    assert wanted(planted, "anything")
    some = reference("x", "null", lambda s, _: s.with_(), metrics=("r@*", "mrr"))
    changed = some.apply(planted, rng())
    assert wanted(changed, "r@1/i2t")
    assert wanted(changed, "tie_rate", "mrr")
    assert not wanted(changed, "reconstruction/r@1")
    assert not wanted(nothing(planted), "r@1")


def test_a_changed_subject_leaves_the_first_one_alone(planted: Subject) -> None:
    planted.codes("test", "image")
    keys = set(planted.cache)
    changed = inheriting(planted, ("native",))
    assert {key[0] for key in changed.cache} == {"native"}
    changed.cache["new"] = 1
    shuffled_partners(planted, rng())
    assert set(planted.cache) - keys <= {DISTINCT}


def test_shuffled_partners_keep_captions_together_and_codes_as_they_are(planted: Subject) -> None:
    codes = planted.codes("test", "text")
    changed = shuffled_partners(planted, rng())
    assert changed.codes("test", "text") is codes
    before, after = planted.test.caption_of, changed.test.caption_of
    assert len({(int(a), int(b)) for a, b in zip(before, after, strict=True)}) == 300
    assert sorted(after.tolist()) == sorted(before.tolist())
    assert (changed.test.pairs[:, 0] == after[changed.test.pairs[:, 1]]).all()
    assert not torch.equal(before, after)


def test_constant_never_fires_and_returns_the_mean(planted: Subject) -> None:
    changed = mean_predictor(planted, rng())
    assert not changed.native("test", "image").values.any()
    back = changed.reconstruction("test", "text")
    assert torch.allclose(back, planted.test.text.mean(0).expand_as(back), atol=1e-6)
    other = constant({"image": torch.ones(3), "text": torch.ones(5)})
    assert other.decode(other.encode(torch.randn(2, 5), "text"), "text").tolist() == [[1.0] * 5] * 2


def test_identity_returns_its_input_to_the_last_bit() -> None:
    x = torch.randn(5, 7)
    made = identity(7, 7)
    assert torch.equal(made.decode(made.encode(x, "image"), "image"), x)
    assert identity(7, 6).width == 13


def test_components_are_orthonormal_and_sorted() -> None:
    x = torch.randn(200, 5) * torch.tensor([5.0, 4, 3, 2, 1])
    made = principal(lambda _: x, 3)
    rows = made.image.W_dec
    assert torch.allclose(rows @ rows.T, torch.eye(3), atol=1e-5)
    spread = made.encode(x, "image").values.var(0)
    assert (spread.diff() < 0).all()
    assert principal(lambda _: x, 99).image.d_sae == 5


def test_random_directions_have_the_widths_sparsity_and_best_scale(planted: Subject) -> None:
    changed = random_dictionary(planted, rng(), rows=50)
    made = changed.dictionary
    assert isinstance(made, Paired)
    assert (made.image.d_sae, made.text.d_sae) == (12, 12)
    assert changed.test.n_images == 50
    assert int(changed.native("test", "text").l0().max()) <= 4
    rows = planted.train.image
    drawn = random_units(lambda _: rows, {"image": 30, "text": 30}, 4, 600, rng()).image
    best = (drawn.decode(drawn.encode(rows)) - rows).square().sum()
    for factor in (0.9, 1.1):
        other = replace(drawn, W_dec=drawn.W_dec * factor)
        assert (other.decode(other.encode(rows)) - rows).square().sum() > best


def test_the_budget_is_the_methods_or_what_it_uses(planted: Subject) -> None:
    assert active_latents(planted) == 4
    free = planted.with_(artifact=replace(planted.artifact, k=None))
    assert active_latents(free) in (3, 4)
    empty = torch.zeros(4, 8)
    assert active_latents(subject(activations(empty, empty))) == 1


def test_a_shuffled_map_moves_only_what_is_matched(planted: Subject) -> None:
    made = planted.dictionary
    places = random_places(made, rng())
    assert sorted(places[:12]) == list(range(12))
    assert places[12:].tolist() == list(range(12, 24))
    moved = shuffled_map(planted, rng())
    old, new = (s.codes("test", "text").dense() for s in (planted, moved))
    assert torch.equal(new[:, places], old)
    assert torch.equal(moved.dictionary.directions("text")[places], made.directions("text"))
    assert torch.equal(moved.codes("test", "image").dense(), planted.codes("test", "image").dense())


def test_first_images_keep_their_captions_and_pairs() -> None:
    data = activations(
        unit_rows(4, 3, 0), unit_rows(6, 3, 1), [3, 0, 1, 0, 2, 1], [(0, 1), (0, 3), (1, 2), (3, 0)]
    )
    part = first_images(data, 2)
    assert torch.equal(part.text, data.text[[1, 2, 3, 5]])
    assert part.caption_of.tolist() == [0, 1, 0, 1]
    assert part.pairs.tolist() == [[0, 0], [0, 2], [1, 1]]
    assert part.text_owner.tolist() == [0, 1, 2, 3]
    assert part.fingerprint != data.fingerprint
    assert first_images(data, 4) is data


def test_captions_against_captions_by_hand() -> None:
    data = activations(unit_rows(4, 3, 0), unit_rows(6, 3, 1), [3, 0, 1, 0, 0, 1])
    first, rest, owner = caption_pairs(data)
    assert (first.tolist(), rest.tolist(), owner.tolist()) == ([1, 2], [3, 4, 5], [0, 0, 1])
    part = captions_as_images(data, first, rest, owner)
    assert part.ids == ("0", "1")
    assert torch.equal(part.image, data.text[[1, 2]])
    assert part.pooled


def test_other_captions_read_the_text_tower_twice(planted: Subject) -> None:
    changed = other_captions(planted, rng())
    fresh = changed.with_()
    for modality in ("image", "text"):
        found, again = (s.codes("test", modality).dense() for s in (changed, fresh))
        assert torch.allclose(found, again, atol=1e-6)
    assert torch.equal(
        changed.dictionary.directions("image"), planted.dictionary.directions("text")
    )


def test_one_caption_an_image_leaves_nothing_to_compare() -> None:
    alone = subject(activations(unit_rows(5, 4, 0), unit_rows(5, 4, 1)))
    assert not wanted(other_captions(alone, rng()), "mean_r")
