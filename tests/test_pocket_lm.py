"""The recipe of the pocket language model: its batches, its card, its killed runs."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, AutoTokenizer

from benchmark.recipes import card as cards
from benchmark.recipes import pocket_lm, recipe
from benchmark.recipes.language import model as lm
from benchmark.recipes.language import objective, quality, tokenizer
from benchmark.recipes.language.objective import TEXT_STREAM, LanguagePlan, Objective
from benchmark.recipes.pocket_lm import SAYS, main, train
from benchmark.recipes.trainer import learning_rate
from benchmark.worlds.scene import belongs, sample
from benchmark.worlds.textual_maps import Noise
from tests.tiny_recipes import (
    CPU,
    ends_the_same,
    killed,
    language_folder,
    llama_config,
    refused,
    rounded,
    tiny_llama,
)

TINY = LanguagePlan(steps=4, batch_size=4, checkpoint_every=2)
CLEAN = Noise(words=0.0, blur=0.0)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A small model, few questions, and a short recipe."""
    monkeypatch.setattr(lm, "config", llama_config)
    monkeypatch.setattr(quality, "N_SCENES", 4)
    monkeypatch.setattr(pocket_lm, "RECIPE", replace(pocket_lm.RECIPE, plan=TINY))


def state(made: Any) -> dict[str, torch.Tensor]:
    return made.modules["model"].state_dict()


def test_a_killed_run_ends_in_the_same_weights(tmp_path: Path) -> None:
    ends_the_same(train, TINY, tmp_path, "model.safetensors")


def test_training_moves_every_weight(tmp_path: Path) -> None:
    before, after = lm.fresh(0).state_dict(), state(train(TINY, CPU, tmp_path))
    same = [name for name, value in before.items() if torch.equal(value, after[name])]
    assert same == []
    other = state(train(replace(TINY, seed=1), CPU, tmp_path / "other"))
    assert not torch.equal(other["lm_head.weight"], after["lm_head.weight"])


def test_another_plan_does_not_continue_a_run(tmp_path: Path) -> None:
    killed(train, TINY, tmp_path, at=3)
    for other in (
        replace(TINY, lr=1e-4),
        replace(TINY, noise=Noise(blur=0.9)),
        replace(TINY, seed=1),
    ):
        with pytest.raises(ValueError, match="same options or another --output-path"):
            train(other, CPU, tmp_path)
    assert train(TINY, CPU, tmp_path).step == TINY.steps


def test_batches_come_from_train_contents_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[tuple[int, str, int]] = []

    def spy(seed: int, split: str, index: int) -> Any:
        drawn.append((seed, split, index))
        return sample(seed, split, index)

    monkeypatch.setattr(objective, "sample", spy)
    made = Objective(replace(TINY, seed=2), CPU)
    first, second, again = (made._batch(step, Noise()) for step in (0, 1, 0))
    assert drawn[:8] == [(TEXT_STREAM + 2, "train", i) for i in range(8)]
    assert first.tokens.tolist() == again.tokens.tolist()
    assert first.tokens.tolist() != second.tokens.tolist()
    for key in drawn:
        scene = sample(*key)
        assert belongs(scene.slots, scene.background, "train")
        assert not scene.has_held_out()


def test_the_gate_asks_about_unseen_contents() -> None:
    for kind, context in quality.CARD[:3]:
        for each in quality.unseen(kind, context, Noise(), 5, seed=0):
            assert each.said.kind == kind
            assert (each.row.blend is not None) == (context in ("blended", "worst"))
    scenes = [sample(quality.GATE_SEED, "test", i) for i in range(40)]
    assert all(belongs(s.slots, s.background, "test") for s in scenes)
    filled = [s for s in scenes if s.objects]
    assert not any(belongs(s.slots, s.background, "train") for s in filled)


def test_noise_grows_from_none_to_all() -> None:
    made = Objective(replace(TINY, steps=100, noise_until=0.5), CPU)
    full = made.plan.noise
    parts = ("lost", "wrong", "confused", "words", "blur")
    assert [getattr(made._noise(0), name) for name in parts] == [0.0] * 5
    assert made._noise(25) == replace(full, **{name: getattr(full, name) / 2 for name in parts})
    assert made._noise(50) == made._noise(99) == full


def test_each_step_has_noise_of_its_own() -> None:
    """Two readings of the same step agree to the bit; steps differ in more than their rows."""
    made = Objective(replace(TINY, noise_until=0.0), CPU)
    first, again = (made(3)["loss"].item() for _ in range(2))
    assert first == again
    quiet = Objective(replace(TINY, noise=replace(Noise(), words=0.0, blur=0.0)), CPU)
    assert quiet(3)["loss"].item() != first


def test_learning_rate_of_the_first_and_last_step() -> None:
    plan = LanguagePlan()
    assert 0 < learning_rate(plan, 0) < plan.lr / 100
    assert 0 < learning_rate(plan, plan.steps - 1) < plan.lr / 1000


@pytest.mark.parametrize("context", ["blended", "plain", "caption"])
def test_answers_do_not_depend_on_their_batch(
    context: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "MAX_ANSWER", 8)
    model, asked = tiny_llama(), quality.unseen("place", context, CLEAN, 6, seed=0)
    together = quality.answers(model, asked, CLEAN)
    assert len(set(together)) > 1
    monkeypatch.setattr(quality, "BATCH", 1)
    assert quality.answers(model, asked, CLEAN) == together


def test_answers_are_what_the_folders_own_classes_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quality, "MAX_ANSWER", 8)
    folder = language_folder(tmp_path / "lm")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    words = AutoTokenizer.from_pretrained(folder)
    asked = quality.unseen("colour", "plain", CLEAN, 5, seed=0)
    found = quality.answers(lm.load(folder), asked, CLEAN)
    for each, said in zip(asked, found, strict=True):
        start = words.decode(each.row.prefix)
        prompt = words(f"{start} {each.said.question} <assistant>", add_special_tokens=False)
        ids = torch.tensor([prompt.input_ids])
        made = model.generate(ids, max_new_tokens=8, do_sample=False)[0, ids.shape[1] :]
        assert words.decode(made, skip_special_tokens=True).strip() == said


def test_only_the_whole_answer_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def said(_: Any, asked: Any, __: Any) -> list[str]:
        right = [each.said.answer for each in asked]
        return [right[0], right[1] + " , cat", *right[2:5], ""]

    monkeypatch.setattr(quality, "answers", said)
    found = quality.exact(tiny_llama(), "coloured", "blended", 6)
    assert (found["value"], found["n"]) == (pytest.approx(4 / 6, abs=1e-4), 6)


def run(folder: Path, *more: str) -> dict[str, Any]:
    """A finished recipe's card."""
    assert main(["--output-path", str(folder), *more]) in (0, 1)
    written = json.loads((folder / cards.CARD_FILE).read_text())
    assert (folder / cards.README_FILE).read_text() == cards.readme(SAYS, written)
    return written


def test_untrained_weights_have_a_card(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = run(tmp_path / "a", "--untrained")
    assert written["made"]["plan"]["steps"] == 0
    assert "never trained" in (tmp_path / "a" / cards.README_FILE).read_text()
    assert " --seed 0 --untrained`" in (tmp_path / "a" / cards.README_FILE).read_text()
    assert written["measured"].keys() == {
        f"{kind}/{context}".replace(" ", "_") for kind, context in quality.CARD
    }
    assert all(row["n"] == 4 for row in written["measured"].values())
    assert written["parameters"] == sum(p.numel() for p in lm.fresh(0).parameters())
    saved = AutoModelForCausalLM.from_pretrained(tmp_path / "a", dtype=torch.float32)
    for name, value in lm.fresh(0).state_dict().items():
        assert torch.equal(saved.state_dict()[name], value.half().float()), name
    again = run(tmp_path / "b", "--steps", "0")
    assert again["weights_sha256"] == written["weights_sha256"]
    assert again["measured"] == written["measured"]
    assert refused(main, ["--output-path", str(tmp_path / "a")], capsys).count("is finished") == 1


def test_the_card_is_of_the_file_in_half_precision(tmp_path: Path) -> None:
    written = run(tmp_path, "--steps", "2", "--seed", "3")
    assert " --seed 3 --steps 2`" in (tmp_path / cards.README_FILE).read_text()
    assert not (tmp_path / "checkpoint.pt").exists()
    with safe_open(tmp_path / SAYS.weights, framework="pt") as file:
        kinds = {file.get_tensor(key).dtype for key in file.keys()}  # noqa: SIM118
    assert kinds == {torch.float16}
    assert "sdpa_single" not in (tmp_path / "config.json").read_text()
    assert quality.measure(tmp_path, CPU, 0) == written["measured"]


def test_measuring_reads_the_folder_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever was trained, the answers are of the file that is there when it is measured."""
    read: list[float] = []

    def spy(model: Any, *_: Any) -> dict[str, float]:
        read.append(float(model.lm_head.weight.detach().sum()))
        return {"value": 1.0, "ci_low": 1.0, "ci_high": 1.0, "n": 1}

    monkeypatch.setattr(quality, "exact", spy)
    quality.measure(language_folder(tmp_path / "a", seed=5), CPU)
    wanted = float(rounded(tiny_llama(5)).lm_head.weight.detach().sum())
    assert read == [pytest.approx(wanted, abs=1e-5)] * len(quality.CARD)


def test_wrong_wishes_are_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = ["--output-path", str(tmp_path / "x")]
    assert "--output-path" in refused(main, [], capsys)
    assert "--step" in refused(main, [*folder, "--step-size", "3"], capsys)
    assert "invalid int" in refused(main, [*folder, "--steps", "many"], capsys)
    assert "wanted 0" in refused(main, [*folder, "--steps", "-1"], capsys)
    assert "tpu" in refused(main, [*folder, "--device", "tpu"], capsys)
    refused(main, [*folder, "--measure"], capsys)
    if not torch.cuda.is_available():
        assert "no CUDA device" in refused(main, [*folder, "--device", "cuda"], capsys)
    assert not (tmp_path / "x").exists()


def test_a_folder_of_other_words_is_not_measured(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = language_folder(tmp_path / "lm")
    words = AutoTokenizer.from_pretrained(folder)
    words.add_tokens(["unicorn"])
    words.save_pretrained(folder)
    line = refused(main, ["--output-path", str(folder), "--measure"], capsys)
    assert "was it made with other words" in line
    tokenizer.save(folder)
    assert main(["--output-path", str(folder), "--measure"]) == 1


def test_a_bar_that_is_missed_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    row = {"value": 0.94, "ci_low": 0.9, "ci_high": 0.97, "n": 100}
    assert cards.show(SAYS, {"list/blended": row}) == 1
    assert "missed: list/blended is 0.94, wanted 0.95" in capsys.readouterr().out
    assert cards.show(SAYS, {"list/blended": row | {"value": 0.95}}) == 0
    assert cards.show(SAYS, {"list/plain": row}) == 1
    assert "list/blended could not be measured" in capsys.readouterr().out
    assert recipe.told(lambda: 1) == 1
