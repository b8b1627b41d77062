"""pocket-clip: an open_clip model like any other, its card true, its recipe exact and resumable."""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors import safe_open

import benchmark
from benchmark.backends.clip import open_backend
from benchmark.recipes import card as cards
from benchmark.recipes import word_tokenizer
from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.contrastive.batches import (
    PATCHES,
    RECIPE_STREAM,
    UNNAMED,
    TrainingPlan,
    make_batch,
    normalised,
)
from benchmark.recipes.contrastive.losses import (
    contrast,
    encode_trimmed,
    statement_loss,
    word_patch_loss,
)
from benchmark.recipes.contrastive.objective import Objective
from benchmark.recipes.contrastive.quality import hits, measure
from benchmark.recipes.contrastive.statements import statements
from benchmark.recipes.pocket_clip import RECIPE, SAYS, main, train
from benchmark.recipes.probing import proportion
from benchmark.recipes.trainer import Training, learning_rate
from benchmark.worlds.claims import SceneTable
from benchmark.worlds.pictograms import OBJECTS
from benchmark.worlds.scene import sample, stream
from benchmark.worlds.scenes import Scenes

ASSETS = Path(benchmark.__file__).parent / "assets"
TINY = TrainingPlan(steps=4, batch_size=12, checkpoint_every=2)
CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def tokenizer() -> Any:
    return open_clip.get_tokenizer(f"local-dir:{ASSETS / 'pocket-clip'}")


def card(name: str) -> dict[str, Any]:
    return json.loads((ASSETS / name / cards.CARD_FILE).read_text())


def test_opens_like_any_other_open_clip_model() -> None:
    folder = f"local-dir:{ASSETS / 'pocket-clip'}"
    model, _, preprocess = open_clip.create_model_and_transforms(folder)
    tokens = open_clip.get_tokenizer(folder)(["a red cat in the top left corner", "A Cat."])
    assert type(model) is open_clip.CLIP
    assert tokens.shape == (2, clip_folder.CONTEXT_LENGTH)
    picture = preprocess(Image.fromarray(sample(0, "test", 1).render()))
    assert picture.shape == (3, 96, 96)
    with torch.no_grad():
        assert model.encode_image(picture[None]).shape == (1, 128)
        assert model.encode_text(tokens).shape == (2, 128)


def test_is_small_and_half_precision() -> None:
    weights = ASSETS / "pocket-clip" / clip_folder.WEIGHTS_FILE
    assert weights.stat().st_size <= 8 * 2**20
    with safe_open(weights, framework="pt") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}


def test_card_is_of_these_weights() -> None:
    weights = ASSETS / "pocket-clip" / clip_folder.WEIGHTS_FILE
    written = card("pocket-clip")
    assert written["weights_sha256"] == hashlib.sha256(weights.read_bytes()).hexdigest()
    assert written["weights_bytes"] == weights.stat().st_size
    assert written["parameters"] <= 4_000_000
    assert (ASSETS / "pocket-clip" / cards.README_FILE).read_text() == cards.readme(SAYS, written)


def test_card_reaches_the_bars() -> None:
    assert cards.missed(SAYS, card("pocket-clip")["measured"]) == {}


def test_untrained_differs_in_weights_alone(tmp_path: Path) -> None:
    """And what the recipe writes for it is what the backend draws."""
    train(replace(RECIPE.plan, steps=0), CPU, tmp_path)
    for file in (clip_folder.CONFIG_FILE, "tokenizer.json", "tokenizer_config.json"):
        assert (ASSETS / "pocket-clip" / file).read_bytes() == (tmp_path / file).read_bytes()
    control = open_backend("pocket-clip-untrained").model.state_dict()
    written = clip_folder.load(tmp_path)[0].state_dict()
    trained = clip_folder.load(ASSETS / "pocket-clip")[0].state_dict()
    assert control.keys() == written.keys() == trained.keys()
    for name, value in control.items():
        assert torch.equal(value.half().float(), written[name]), name
    assert not torch.equal(control["visual.proj"], trained["visual.proj"])


@pytest.mark.parametrize(("name", "low", "high"), [("", 0.8, 1), ("-untrained", 0, 0.08)])
def test_the_control_finds_captions_at_chance(name: str, low: float, high: float) -> None:
    scenes = [sample(0, "test", i, n_objects=1) for i in range(100)]
    backend = open_backend(f"pocket-clip{name}")
    pictures = backend.pixels(np.stack([scene.render() for scene in scenes]))
    with torch.no_grad():
        image = backend.model.encode_image(pictures, normalize=True)
    full = [next(c.text for c in scene.captions() if c.full) for scene in scenes]
    text = backend.encode_texts(full, backend.sites[0])
    assert low <= hits((image @ text.T).numpy(), np.eye(100, dtype=bool), 1).mean() <= high


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_measured_again_the_bars_hold(seed: int) -> None:
    measured = measure(ASSETS / "pocket-clip", CPU, seed)
    assert cards.missed(SAYS, measured) == {}
    if seed == 0:
        for name, row in card("pocket-clip")["measured"].items():
            assert measured[name]["n"] == row["n"]
            assert measured[name]["value"] == pytest.approx(row["value"], abs=0.005), name


def test_tokenizer_knows_every_caption(tokenizer: Any) -> None:
    unknown = tokenizer.tokenizer.convert_tokens_to_ids(word_tokenizer.UNKNOWN)
    texts = list(Scenes(seed=4, sizes=(1, 1, 300)).split("test").captions)
    tokens = tokenizer(texts)
    assert not (tokens == unknown).any()
    assert tokens[:, -1].eq(0).all(), "a caption fills the whole context"
    end = tokenizer.tokenizer.convert_tokens_to_ids(word_tokenizer.END)
    assert (tokens.max(1).values == end).all()
    assert word_tokenizer.build().get_vocab() == tokenizer.tokenizer.get_vocab()


def test_training_pixels_are_those_of_the_preprocessing() -> None:
    picture = sample(0, "test", 3).render()
    preprocess = clip_folder.load(ASSETS / "pocket-clip")[1]
    expected = preprocess(Image.fromarray(picture))
    torch.testing.assert_close(normalised([picture])[0], expected, atol=1e-6, rtol=0)


def test_trimmed_text_features_are_the_models_own(tokenizer: Any) -> None:
    model = clip_folder.load(ASSETS / "pocket-clip")[0]
    tokens = tokenizer(list(Scenes(seed=4, sizes=(1, 1, 9)).split("test").captions))
    with torch.no_grad():
        own = model.encode_text(tokens, normalize=True)
        torch.testing.assert_close(encode_trimmed(model, tokens), own, atol=1e-5, rtol=0)


def test_batches_come_from_train_contents_alone(tokenizer: Any) -> None:
    batch = make_batch(TINY, 3, tokenizer)
    scenes = [sample(RECIPE_STREAM, "train", 3 * 12 + i) for i in range(12)]
    torch.testing.assert_close(batch.images, normalised([scene.render() for scene in scenes]))
    assert not any(scene.has_held_out() for scene in scenes)
    assert batch.true.diagonal().all()
    assert batch.shown.shape == (12, PATCHES**2, 3)
    again = make_batch(TINY, 3, tokenizer)
    assert torch.equal(batch.tokens, again.tokens)
    assert torch.equal(batch.twins, again.twins)


def test_patches_are_asked_for_what_they_show(tokenizer: Any) -> None:
    batch = make_batch(TINY, 0, tokenizer)
    for i in range(12):
        scene = sample(RECIPE_STREAM, "train", i)
        covered = {p for item in scene.objects for p in item.patches(PATCHES)}
        named = (batch.shown[i, :, 0] != UNNAMED).nonzero().flatten().tolist()
        assert set(named) == covered
        assert ((batch.shown[i, :, 2] == UNNAMED).nonzero().flatten().tolist()) == sorted(covered)


def test_contrast_by_hand() -> None:
    eye, no_twins = torch.eye(2), (torch.zeros(0, dtype=torch.long), torch.zeros(0, 2))
    scale = torch.tensor(1.0)
    only_own = torch.eye(2, dtype=torch.bool)
    loss, accuracy = contrast(eye, eye, only_own, no_twins, scale)
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    assert accuracy.item() == 1
    both = torch.ones(2, 2, dtype=torch.bool)
    assert contrast(eye, eye, both, no_twins, scale)[0].item() == pytest.approx(0, abs=1e-6)
    twin = (torch.tensor([0]), eye[:1])
    loss = contrast(eye, eye, only_own, twin, scale)[0].item()
    first = -math.log(math.e / (2 * math.e + 1))
    second = math.log(1 + math.exp(-1))
    assert loss == pytest.approx(((first + second) / 2 + second) / 2, abs=1e-6)


def test_statement_loss_by_hand() -> None:
    image, text = torch.eye(2), torch.eye(2)
    loss = statement_loss(image, text, torch.eye(2, dtype=torch.bool), torch.tensor(1.0))
    assert loss.item() == pytest.approx(math.log(1 + math.exp(-1)), abs=1e-6)
    nothing = torch.zeros(2, 2, dtype=torch.bool)
    assert statement_loss(image, text, nothing, torch.tensor(1.0)).item() == 0


def test_statements_are_as_true_as_they_say() -> None:
    scenes = [sample(0, "train", i) for i in range(60)]
    table = SceneTable([s.slots for s in scenes], [s.background for s in scenes])
    texts, true = statements(stream("test"), scenes, table)
    assert true.shape == (60, len(texts))
    named = true[:, : len(OBJECTS)]
    for i, scene in enumerate(scenes):
        assert all(named[i, item.object] for item in scene.objects)
        assert bool(true[i].any()) is bool(scene.objects)
    right, wrong = true[:, len(OBJECTS) :: 2], true[:, len(OBJECTS) + 1 :: 2]
    assert right.any(0).all()
    assert wrong.float().sum() < 0.5 * right.float().sum()


def test_statements_come_in_the_second_part(tokenizer: Any) -> None:
    assert len(make_batch(TINY, 1, tokenizer).statements) == 0
    later = make_batch(TINY, 2, tokenizer)
    assert later.stated.shape == (12, len(later.statements))
    assert len(later.statements) > len(OBJECTS)


def test_word_patch_loss_by_hand() -> None:
    sharp = torch.tensor([[[30.0, 0.0], [0.0, 30.0]]])
    flat = torch.zeros(1, 2, 2)
    shown = torch.tensor([[[0, 0, UNNAMED], [UNNAMED, UNNAMED, 1]]])
    loss, accuracy = word_patch_loss((sharp, flat, flat), shown)
    assert loss.item() == pytest.approx(2 * math.log(2), abs=1e-5)
    assert accuracy.item() == 1


def test_learning_rate_rises_once_and_falls_to_zero() -> None:
    plan = TrainingPlan(steps=100, warmup=0.1)
    rates = [learning_rate(plan, step) for step in range(101)]
    assert max(rates) == pytest.approx(plan.lr)
    assert np.argmax(rates) in (9, 10)
    assert rates[100] == pytest.approx(0, abs=1e-9)


def test_hits_count_ties_against_the_query() -> None:
    scores = np.array([[3.0, 2.0, 2.0], [1.0, 1.0, 0.0]])
    relevant = np.array([[False, True, False], [True, True, False]])
    assert hits(scores, relevant, 1).tolist() == [False, True]
    assert hits(scores, relevant, 2).tolist() == [False, True]
    assert hits(scores, relevant, 3).tolist() == [True, True]


def test_proportion_by_hand() -> None:
    row = proportion([True] * 90 + [False] * 10)
    assert row == {"value": 0.9, "ci_low": 0.8256, "ci_high": 0.9448, "n": 100}
    with pytest.raises(ValueError, match="no trials"):
        proportion([])


def test_a_killed_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    whole = train(TINY, CPU, tmp_path / "whole")
    folder = tmp_path / "killed"
    clip_folder.save(clip_folder.fresh_model(TINY.seed), folder)
    objective = Objective(TINY, CPU, folder)
    first = Training(TINY, objective.modules, objective, folder)
    for _ in range(2):
        first.advance()
    first.save()
    first.advance()
    resumed = train(TINY, CPU, folder)
    assert resumed.step == 4
    for name, value in whole.modules["model"].state_dict().items():
        assert torch.equal(value, resumed.modules["model"].state_dict()[name]), name
    weights = clip_folder.WEIGHTS_FILE
    assert (folder / weights).read_bytes() == (tmp_path / "whole" / weights).read_bytes()


def test_another_plan_does_not_continue_a_run(tmp_path: Path) -> None:
    train(TINY, CPU, tmp_path)
    with pytest.raises(ValueError, match="same options or another --output-path"):
        train(replace(TINY, steps=6), CPU, tmp_path)


def test_wrong_wishes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / cards.CARD_FILE).write_text("{}")
    assert main(["--output-path", str(tmp_path)]) == 2
    assert "is finished" in capsys.readouterr().err
    assert main(["--output-path", str(tmp_path / "none"), "--measure"]) == 2
    assert "error: " in capsys.readouterr().err
    if not torch.cuda.is_available():
        assert main(["--output-path", str(tmp_path / "x"), "--device", "cuda"]) == 2
        assert "no CUDA device" in capsys.readouterr().err
