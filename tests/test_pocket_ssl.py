"""The recipe of the self-supervised tower: its contrast, its card, its killed runs."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from transformers import AutoImageProcessor, AutoModel, CLIPVisionModel

from benchmark.recipes import card as cards
from benchmark.recipes import pocket_ssl, probing
from benchmark.recipes.contrastive.batches import normalised
from benchmark.recipes.pocket_ssl import SAYS, main, measure, train
from benchmark.recipes.selfsupervised import objective
from benchmark.recipes.selfsupervised.objective import (
    VIEW_STREAM,
    Objective,
    TowerPlan,
    patch_tokens,
)
from benchmark.recipes.selfsupervised.views import GROUP, SHARED, Views, group, views
from benchmark.recipes.vlm import tower as towers
from benchmark.worlds import scene as scenes
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import belongs, sample
from tests.tiny_recipes import CPU, ends_the_same, killed, refused, rounded, tiny_tower

TINY = TowerPlan(steps=4, batch_size=6, checkpoint_every=2)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small tower, a short probe and a short recipe."""

    def fresh(seed: int) -> CLIPVisionModel:
        torch.manual_seed(seed)
        return tiny_tower(seed)

    monkeypatch.setattr(towers, "fresh", fresh)
    monkeypatch.setattr(probing, "N_SCENES", 12)
    monkeypatch.setattr(probing, "N_PROBE_TRAIN", 40)
    monkeypatch.setattr(pocket_ssl, "RECIPE", replace(pocket_ssl.RECIPE, plan=TINY))


def loss_of(monkeypatch: pytest.MonkeyPatch, made: Objective, batch: Views) -> dict[str, float]:
    """What the objective says of given pictures."""
    monkeypatch.setattr(objective, "views", lambda *_: batch)
    with torch.no_grad():
        return {name: value.item() for name, value in made(0).items()}


def test_the_tower_is_pocket_clips_and_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    first, again, other = (towers.fresh(seed) for seed in (0, 0, 1))
    assert first.config.num_hidden_layers == 4
    assert (first.config.hidden_size, first.config.num_attention_heads) == (160, 5)
    assert (first.config.image_size, first.config.patch_size) == (96, 16)
    name = "embeddings.patch_embedding.weight"
    assert torch.equal(first.state_dict()[name], again.state_dict()[name])
    assert not torch.equal(first.state_dict()[name], other.state_dict()[name])


def test_contrast_by_hand() -> None:
    """Two pictures of three things: symmetric cross-entropy, each thing with its own partner."""
    made = Objective(replace(TINY, temperature=0.5), CPU)
    rng = torch.Generator().manual_seed(0)
    one, two = (torch.randn(2, 3, 4, generator=rng) for _ in "ab")
    one, two = (torch.nn.functional.normalize(side, dim=-1) for side in (one, two))
    partner = torch.tensor([[1, 0, 0], [0, 1, 1]])
    left_out = torch.zeros(6, 6, dtype=torch.bool)
    left_out[2, 5] = left_out[5, 2] = True
    loss, found = made._contrast(one, two, partner, left_out)
    scores = (one.flatten(0, 1) @ two.flatten(0, 1).T / 0.5).numpy()
    scores[2, 5] = scores[5, 2] = -np.inf
    own = [3, 1, 2, 0, 4, 5]
    total = 0.0
    for i, j in enumerate(own):
        total -= scores[i, j] - math.log(np.exp(scores[i]).sum())
        total -= scores[i, j] - math.log(np.exp(scores[:, j]).sum())
    assert loss.item() == pytest.approx(total / 12, rel=1e-5)
    assert found.flatten().tolist() == (scores.argmax(1) == own).astype(float).tolist()


def test_the_same_place_of_one_ground_is_nobodys_wrong_answer() -> None:
    like = views(0, 0, 2)
    patches = np.array([[*range(12), 20, 21], [*range(12), 21, 22]])
    for of, shared in (([0, 0], {(13, 26), (26, 13)}), ([0, 1], set())):
        found = objective._same_ground(replace(like, patches=patches, group=np.array(of)))
        assert set(map(tuple, found.nonzero().tolist())) == shared


def test_the_chosen_patches_are_compared() -> None:
    made, batch = Objective(TINY, CPU), views(VIEW_STREAM, 0, 3)
    found = made._patches(batch.first, batch).detach()
    tokens = patch_tokens(made.tower, normalised(list(batch.first)))
    by_hand = [tokens[i, patch] for i in range(3) for patch in batch.patches[i].tolist()]
    torch.testing.assert_close(found.flatten(0, 1), torch.stack(by_hand), atol=2e-2, rtol=0)
    objects = objective._objects(found)
    torch.testing.assert_close(objects[1, 2], found[1, 8:12].mean(0))
    torch.testing.assert_close(made.head(found).norm(dim=-1), torch.ones(3, 14))


def test_patch_tokens_leave_out_the_class_token() -> None:
    tower, pixels = tiny_tower(), normalised([sample(0, "test", 1).render()])
    states = tower(pixels, output_hidden_states=True).hidden_states
    assert torch.equal(patch_tokens(tower, pixels), states[-1][:, 1:])
    assert patch_tokens(tower, pixels).shape[1] == 36


@pytest.mark.parametrize("n", [1, 6, GROUP])
def test_a_group_differs_in_its_objects_alone(n: int) -> None:
    """Ground, cells and colours are one in all pictures; every object is there twice."""
    for index in range(3):
        made = group(5, index, n)
        pictures = [*made.first, *made.second]
        assert len({scene.background for scene in pictures}) == 1
        assert len({tuple(slot[1:] for slot in scene.slots) for scene in pictures}) == 1
        assert all(belongs(scene.slots, scene.background, "train") for scene in pictures)
        for s in range(SHARED):
            first, second = ([x.objects[s] for x in side] for side in (made.first, made.second))
            assert len({item.object for item in first}) == n
            for item, row in zip(first, made.partner, strict=True):
                assert second[row[s]].object == item.object
            assert list(made.patches[4 * s : 4 * s + 4]) == list(first[0].patches(6))


def test_partners_are_in_other_company_and_drawn_anew() -> None:
    made = group(5, 0)
    alone = [made.partner[i][0] != made.partner[i][1] for i in range(GROUP)]
    assert np.mean(alone) > 0.5
    same = [
        made.first[i].objects[0] == made.second[row[0]].objects[0]
        for i, row in enumerate(made.partner)
    ]
    assert not any(same)


def test_a_batch_is_of_whole_groups() -> None:
    batch = views(5, 0, GROUP + 3)
    assert batch.group.tolist() == [0] * GROUP + [1] * 3
    assert batch.partner[:GROUP].max() == GROUP - 1
    assert batch.partner[GROUP:].min() == GROUP
    assert batch.partner.shape == batch.patches.shape == (GROUP + 3, 14)
    for column in range(14):
        assert sorted(batch.partner[:, column]) == list(range(GROUP + 3))
    assert (batch.partner[:, 12] == np.arange(GROUP + 3)).all()


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_right_pictures_match_better_than_strangers(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, right = Objective(replace(TINY, seed=seed), CPU), views(VIEW_STREAM + seed, 0, 2 * GROUP)
    wrong = replace(right, second=np.roll(right.second, GROUP, 0))
    one, two = (loss_of(monkeypatch, made, batch)["loss"] for batch in (right, wrong))
    assert one < two - 0.2


def test_training_lowers_the_loss(tmp_path: Path) -> None:
    plan = TowerPlan(steps=30, batch_size=4 * GROUP, lr=4e-3, checkpoint_every=100)
    made, trained = Objective(plan, CPU), train(plan, CPU, tmp_path)
    with torch.no_grad():
        before = np.mean([made(step)["loss"].item() for step in (100, 101)])
        after = np.mean([trained.losses(step)["loss"].item() for step in (100, 101)])
    assert after < before - 0.1


def test_no_label_reaches_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    """Objects in another order, under other names: the same pictures, the same loss."""
    made = Objective(TINY, CPU)
    like = group(VIEW_STREAM, 0, 6)
    first = loss_of(monkeypatch, made, views(VIEW_STREAM, 0, 6))
    order = np.random.default_rng(0).permutation(len(OBJECTS)).tolist()
    back = {new: old for old, new in enumerate(order)}
    mask = scenes.mask
    monkeypatch.setattr(scenes, "mask", lambda obj, *how: mask(back[obj], *how))
    monkeypatch.setattr(scenes, "OBJECTS", tuple(reversed(OBJECTS)))

    def relabelled(one: scenes.Scene) -> scenes.Scene:
        return replace(one, objects=tuple(replace(o, object=order[o.object]) for o in one.objects))

    batch = replace(
        views(VIEW_STREAM, 0, 6),
        first=np.stack([relabelled(scene).render() for scene in like.first]),
        second=np.stack([relabelled(scene).render() for scene in like.second]),
    )
    assert any(relabelled(scene).slots != scene.slots for scene in like.first)
    assert loss_of(monkeypatch, made, batch) == first


def test_steps_have_pairs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[int, int, int]] = []

    def spy(seed: int, first: int, n: int) -> Views:
        asked.append((seed, first, n))
        return views(seed, first, n)

    monkeypatch.setattr(objective, "views", spy)
    made = Objective(replace(TINY, seed=3), CPU)
    losses = [made(step)["loss"].item() for step in (0, 1, 0)]
    assert asked == [(VIEW_STREAM + 3, 6 * step, 6) for step in (0, 1, 0)]
    assert losses[0] == losses[2] != losses[1]


def test_a_killed_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    ends_the_same(train, TINY, tmp_path, "model.safetensors")


def test_another_plan_does_not_continue_a_run(tmp_path: Path) -> None:
    killed(train, TINY, tmp_path, at=3)
    for other in (replace(TINY, temperature=0.2), replace(TINY, steps=6)):
        with pytest.raises(ValueError, match="same options or another --output-path"):
            train(other, CPU, tmp_path)


def run(folder: Path, *more: str) -> dict[str, Any]:
    """A finished recipe's card."""
    assert main(["--output-path", str(folder), *more]) in (0, 1)
    written = json.loads((folder / cards.CARD_FILE).read_text())
    assert (folder / cards.README_FILE).read_text() == cards.readme(SAYS, written)
    return written


def test_untrained_weights_have_a_card(tmp_path: Path) -> None:
    written = run(tmp_path / "a", "--untrained", "--seed", "2")
    assert "never trained" in (tmp_path / "a" / cards.README_FILE).read_text()
    assert set(written["measured"]) >= set(SAYS.bars)
    saved = CLIPVisionModel.from_pretrained(tmp_path / "a", dtype=torch.float32).state_dict()
    for name, value in towers.fresh(2).state_dict().items():
        assert torch.equal(saved[name], value.half().float()), name
    assert run(tmp_path / "b", "--steps", "0", "--seed", "2")["measured"] == written["measured"]


def test_the_card_is_of_the_file_in_half_precision(tmp_path: Path) -> None:
    written = run(tmp_path, "--steps", "2")
    with safe_open(tmp_path / SAYS.weights, framework="pt") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}
    assert measure(tmp_path, CPU) == written["measured"]


def test_the_folder_opens_as_any_tower_does(tmp_path: Path) -> None:
    pocket_ssl.save(tiny_tower(4), tmp_path)
    model = AutoModel.from_pretrained(tmp_path, dtype=torch.float32).eval()
    assert type(model) is CLIPVisionModel
    picture = sample(0, "test", 3).render()
    read = AutoImageProcessor.from_pretrained(tmp_path)
    pixels = read(Image.fromarray(picture), return_tensors="pt")["pixel_values"]
    torch.testing.assert_close(pixels, normalised([picture]), atol=1e-6, rtol=0)
    own = rounded(tiny_tower(4))
    with torch.no_grad():
        assert torch.equal(patch_tokens(model, pixels), patch_tokens(own, pixels))


def test_wrong_wishes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--output-path", str(tmp_path / "x")]
    assert "--output-path" in refused(main, [], capsys)
    assert "--temperature" in refused(main, [*folder, "--temperature", "3"], capsys)
    assert "wanted 0" in refused(main, [*folder, "--steps", "-2"], capsys)
    refused(main, [*folder, "--measure"], capsys)
    pocket_ssl.save(tiny_tower(), tmp_path / "cut")
    weights = tmp_path / "cut" / SAYS.weights
    weights.write_bytes(weights.read_bytes()[:1000])
    refused(main, ["--output-path", str(tmp_path / "cut"), "--measure"], capsys)
