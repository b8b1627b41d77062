"""The recipes of the pocket VLMs: what is trained and what is frozen, the card, killed runs."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from PIL import Image
from safetensors.torch import load_file
from torch import Tensor
from transformers import AutoModelForImageTextToText, AutoTokenizer, CLIPVisionModel

from benchmark.backends import hosts
from benchmark.backends.host_parts import PARTS_FILE, PROJECTOR_FILE
from benchmark.projectors import Projector
from benchmark.recipes import card as cards
from benchmark.recipes import pocket_llava
from benchmark.recipes.language.rows import PICTURE, Row
from benchmark.recipes.pocket_llava import FROZEN, WHOLE, full, main, projector
from benchmark.recipes.trainer import Plan
from benchmark.recipes.vlm import assembly, folders, objective, quality
from benchmark.recipes.vlm import tower as towers
from benchmark.recipes.vlm.objective import PICTURE_STREAM, FullPlan, Objective, ProjectorPlan
from benchmark.recipes.vlm.quality import measure
from benchmark.worlds import questions
from benchmark.worlds.scene import belongs
from tests.tiny_recipes import (
    CPU,
    ends_the_same,
    killed,
    language_folder,
    loud,
    refused,
    rounded,
    tiny_llama,
    tiny_tower,
    tower_folder,
    vision_config,
)

SHORT = {"steps": 4, "batch_size": 3, "checkpoint_every": 2}
STAGE_1, STAGE_2 = ProjectorPlan(**SHORT), FullPlan(**SHORT)


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """Few pictures, few questions, short recipes."""
    monkeypatch.setattr(objective, "N_SPREAD", 8)
    monkeypatch.setattr(quality, "N_SCENES", 5)
    monkeypatch.setattr(quality, "MAX_ANSWER", 6)
    monkeypatch.setattr(pocket_llava, "ProjectorPlan", lambda: STAGE_1)
    monkeypatch.setattr(pocket_llava, "FullPlan", lambda: STAGE_2)


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a tower, a language model and a host with an untrained projector."""
    place: Path = tmp_path_factory.mktemp("parts")
    tower_folder(place / "tower")
    language_folder(place / "language")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objective, "N_SPREAD", 8)
        stage_1(place)(replace(STAGE_1, steps=0), CPU, place / "host")
    return place


def stage_1(parts: Path) -> Any:
    return projector(parts / "tower", parts / "language")


def stage_2(parts: Path) -> Any:
    return full(parts / "host")


def objective_of(parts: Path, everything: bool, plan: Plan = STAGE_1) -> Objective:
    return Objective(plan, assembly.opened(parts / "host")[0], everything, CPU)


def test_the_projector_alone_is_trained(parts: Path, tmp_path: Path) -> None:
    files = {file: file.read_bytes() for file in (parts / "tower").iterdir()}
    files |= {file: file.read_bytes() for file in (parts / "language").iterdir()}
    trained = stage_1(parts)(STAGE_1, CPU, tmp_path)
    model = trained.losses.model
    assert {
        name for module in trained.modules.values() for name, _ in module.named_parameters()
    } == {
        "weight",
        "bias",
    }
    assert not [name for name, value in model.named_parameters() if value.requires_grad]
    for module, part in (
        (model.model.vision_tower, rounded(tiny_tower())),
        (model.model.language_model, rounded(tiny_llama()).model),
    ):
        for name, value in part.state_dict().items():
            assert torch.equal(module.state_dict()[name], value), name
    second = model.model.multi_modal_projector.linear_2
    assert torch.equal(second.weight, torch.eye(32))
    assert not second.bias.any()
    start, end = (load_file(folder / PROJECTOR_FILE) for folder in (parts / "host", tmp_path))
    assert not torch.equal(start["weight"], end["weight"])
    assert not torch.equal(start["bias"], end["bias"])
    assert {file: file.read_bytes() for file in files} == files


def test_everything_but_the_unit_matrix_is_trained(parts: Path, tmp_path: Path) -> None:
    before = assembly.opened(parts / "host")[0].state_dict()
    after = stage_2(parts)(STAGE_2, CPU, tmp_path).losses.model.state_dict()
    same = {name for name, value in before.items() if torch.equal(value, after[name])}
    unread = "model.vision_tower.post_layernorm"
    unit = "model.multi_modal_projector.linear_2"
    assert same == {f"{part}.{kind}" for part in (unread, unit) for kind in ("weight", "bias")}
    assert torch.equal(after[f"{unit}.weight"], torch.eye(32))


def test_a_killed_projector_ends_in_the_same_weights(parts: Path, tmp_path: Path) -> None:
    ends_the_same(stage_1(parts), STAGE_1, tmp_path, PROJECTOR_FILE)


def test_a_killed_whole_ends_in_the_same_weights(parts: Path, tmp_path: Path) -> None:
    ends_the_same(stage_2(parts), STAGE_2, tmp_path, "model.safetensors")


def test_another_plan_or_other_parts_do_not_continue_a_run(parts: Path, tmp_path: Path) -> None:
    killed(stage_1(parts), STAGE_1, tmp_path / "a", at=3)
    with pytest.raises(ValueError, match="same options or another --output-path"):
        stage_1(parts)(replace(STAGE_1, lr=1e-4), CPU, tmp_path / "a")
    other = tower_folder(tmp_path / "tower", seed=9)
    described = (tmp_path / "a" / PARTS_FILE).read_bytes()
    with pytest.raises(ValueError, match="names other parts"):
        projector(other, parts / "language")(STAGE_1, CPU, tmp_path / "a")
    assert (tmp_path / "a" / PARTS_FILE).read_bytes() == described
    killed(projector(other, parts / "language"), STAGE_1, tmp_path / "b", at=3)
    tower_folder(tmp_path / "tower", seed=10)
    with pytest.raises(ValueError, match="made from other weights"):
        projector(other, parts / "language")(STAGE_1, CPU, tmp_path / "b")


def test_another_start_does_not_continue_a_run(parts: Path, tmp_path: Path) -> None:
    stage_1(parts)(STAGE_1, CPU, tmp_path / "trained")
    killed(stage_2(parts), STAGE_2, tmp_path / "whole", at=3)
    with pytest.raises(ValueError, match="made from other weights"):
        full(tmp_path / "trained")(STAGE_2, CPU, tmp_path / "whole")


def test_a_projector_standardises_and_folds_into_one_layer() -> None:
    draw = torch.Generator().manual_seed(0)
    tokens = 5 * torch.randn(7, 36, 24, generator=draw) * torch.rand(24, generator=draw) + 3
    made = Projector(tokens, 32, draw)
    with torch.no_grad():
        made.bias.normal_(generator=draw)
        flat = tokens.flatten(0, 1)
        by_hand = ((flat - flat.mean(0)) / flat.std(0)) @ made.weight.T + made.bias
        torch.testing.assert_close(made(tokens).flatten(0, 1), by_hand, atol=1e-4, rtol=1e-4)
        into = torch.nn.Linear(24, 32)
        into.load_state_dict(dict(zip(("weight", "bias"), made.folded(), strict=True)))
        torch.testing.assert_close(into(tokens), made(tokens), atol=1e-4, rtol=1e-4)


def test_pictures_have_train_contents_and_a_stream_of_their_own(parts: Path) -> None:
    scenes = objective.pictures(2, 5, 30)
    assert [scene.key for scene in scenes] == [
        f"{PICTURE_STREAM + 2}/train/{i}" for i in range(5, 35)
    ]
    assert all(belongs(s.slots, s.background, "train") for s in scenes)
    assert not any(scene.has_held_out() for scene in scenes)
    asked: list[tuple[int, ...]] = []
    real = objective.pictures

    def spy(*given: int) -> Any:
        asked.append(given)
        return real(*given)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(objective, "pictures", spy)
        made = objective_of(parts, False, replace(STAGE_1, seed=4))
        losses = [made(step)["loss"].item() for step in (0, 1, 0)]
    steps = [(4, first, 3, False) for first in (0, 3, 0)]
    assert asked == [(4, -9, 8), *steps]
    assert losses[0] == losses[2] != losses[1]


def test_training_everything_sees_more_full_scenes_and_asks_for_every_colour(parts: Path) -> None:
    natural, full = objective.pictures(2, 0, 40), objective.pictures(2, 0, 40, True)
    assert all(len(scene.objects) == 3 for scene in full[1::2])
    assert full[::2] == natural[::2]
    made = objective_of(parts, True, replace(STAGE_2, seed=4))
    scene = full[1]
    weights = [counts for _, counts in made._row(scene, 0, 1).branches]
    heavy = [set(counts) for counts in weights if max(counts) > 1]
    assert heavy == [{0.0, objective.COLOUR_WEIGHT}] * 3
    frozen = objective_of(parts, False, replace(STAGE_1, seed=4))
    alone = [counts for _, counts in frozen._row(scene, 0, 1).branches]
    assert alone == weights[:-3]


@pytest.mark.parametrize("everything", [False, True])
def test_the_loss_is_that_of_the_hosts_own_answers(
    everything: bool, parts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What training reads of a picture and a question is what the saved classes read."""
    monkeypatch.setattr(objective, "mixed", lambda _: nullcontext())
    plan = replace(STAGE_1, batch_size=2, seed=1)
    made = objective_of(parts, everything, plan)
    if made.projector is not None:
        loud(made.projector, 3)
    made.finished()
    scenes = objective.pictures(1, 0, 2, everything)
    said = [questions.list_objects(scene) for scene in scenes]
    rows = iter([(made.writer.answered(each),) for each in said])
    opening = made.writer.opening(*PICTURE)
    monkeypatch.setattr(made, "_row", lambda *_: Row(opening, next(rows)))
    with torch.no_grad():
        found = made(0)["loss"].item()
    host, processor = hosts.opened(parts / "host")
    host.load_state_dict(made.model.state_dict())
    total = n = 0.0
    for scene, each in zip(scenes, said, strict=True):
        logits, ids = own_logits(host, processor, scene, each)
        for at, token in enumerate(ids):
            total, n = total - float(logits[at].log_softmax(0)[token]), n + 1
    assert found == pytest.approx(total / n, rel=1e-4)


def own_logits(host: Any, processor: Any, scene: Any, said: Any) -> tuple[Tensor, list[int]]:
    """The host's logits before each token of the true answer, and those tokens."""
    words = [{"type": "image"}, {"type": "text", "text": said.question}]
    turns = [{"role": "user", "content": words}]
    prompt = processor.apply_chat_template(turns, add_generation_prompt=True)
    turns.append({"role": "assistant", "content": [{"type": "text", "text": said.answer}]})
    whole = processor.apply_chat_template(turns)
    picture, lengths = Image.fromarray(scene.render()), []
    for text in (prompt, whole):
        given = processor(images=picture, text=text, add_special_tokens=False, return_tensors="pt")
        lengths.append(given["input_ids"].shape[1])
    with torch.no_grad():
        logits = host(**given).logits[0]
    ids = given["input_ids"][0, lengths[0] :].tolist()
    return logits[lengths[0] - 1 : -1], ids


class Fake:
    """Answers from a table of questions, in place of a model."""

    def __init__(self, lists: list[str], others: Any) -> None:
        self.lists, self.others = lists, others

    def answers(self, scenes: Any, asked: Any) -> list[str]:
        if asked and asked[0] == questions.LIST:
            return self.lists
        return [self.others(scene, question) for scene, question in zip(scenes, asked, strict=True)]


def names(scene: Any) -> list[str]:
    return list(questions.read_list(questions.list_objects(scene).answer))


def test_objects_and_colours_by_hand() -> None:
    one, two = [s for s in objective.pictures(0, 0, 60) if len(s.objects) == 2][:2]
    a, b = names(one), names(two)
    wrong = next(n for n in ("cat", "sun", "cow") if n not in b)
    lists = [f"{a[1]} , {a[0]}", f"{b[0]} , {wrong}"]
    asked: list[str] = []

    def colour(scene: Any, question: str) -> str:
        asked.append(question)
        item = next(o for o in scene.objects if questions.colour_of(o.object) == question)
        true = questions.COLOURS[item.colour].name
        return true if scene is one else "colourless"

    found = quality.objects(Fake(lists, colour), [one, two])  # type: ignore[arg-type]
    values = {name: (row["value"], row["n"]) for name, row in found.items()}
    assert values == {
        "list/recall": (0.75, 4),
        "list/precision": (0.75, 4),
        "list/exact": (0.5, 2),
        "colour": (pytest.approx(2 / 3, abs=1e-4), 3),
    }
    assert asked == [f"what color is the {n} ?" for n in (*a, b[0])]
    nothing = quality.objects(Fake(["what"] * 2, colour), [one, two])  # type: ignore[arg-type]
    assert "colour" not in nothing
    assert nothing["list/recall"]["value"] == nothing["list/precision"]["value"] == 0
    assert cards.missed(WHOLE, nothing)["colour"] == (None, 0.9)


def test_yes_and_no_are_asked_in_turn() -> None:
    scenes = [s for s in objective.pictures(0, 0, 40) if s.objects]

    def true(scene: Any, question: str) -> str:
        here = {questions.yes_no_questions()["object", o.object] for o in scene.objects}
        return "yes" if question in here else "no"

    found = quality.yes_no(Fake([], true), scenes)["yes_no"]  # type: ignore[arg-type]
    assert (found["value"], found["n"]) == (1, 2 * len(scenes))
    for answer in ("yes", "no", "maybe"):
        said = quality.yes_no(Fake([], lambda *_, a=answer: a), scenes)["yes_no"]  # type: ignore[arg-type, misc]
        assert said["value"] == (0 if answer == "maybe" else 0.5)


def test_answers_do_not_depend_on_their_batch(
    parts: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host, processor = assembly.opened(parts / "host")
    with torch.no_grad():
        host.get_parameter(f"{hosts.PROJECTOR}.weight").mul_(30)
    folders.save_whole(host, processor, tmp_path)
    scenes = objective.pictures(0, 0, 6)
    asked = ["list every object", "is there a cat ?", "what is the ground ?"] * 2
    asker = quality.Asker(tmp_path, CPU)
    together = asker.answers(scenes, asked)
    assert len(set(together)) > 2
    monkeypatch.setattr(quality, "BATCH", 1)
    assert asker.answers(scenes, asked) == together
    assert asker.answers(scenes[::-1], asked) != together


def run(says: cards.Describes, folder: Path, *more: str) -> dict[str, Any]:
    """A finished recipe's card."""
    assert main(["--output-path", str(folder), *more]) in (0, 1)
    written = json.loads((folder / cards.CARD_FILE).read_text())
    assert (folder / cards.README_FILE).read_text() == cards.readme(says, written)
    return written


def told(parts: Path) -> list[str]:
    return ["--tower", str(parts / "tower"), "--language-model", str(parts / "language")]


def test_a_projector_has_a_card(parts: Path, tmp_path: Path) -> None:
    folder = tmp_path / "host"
    written = run(FROZEN, folder, "--stage", "projector", *told(parts), "--steps", "2")
    page = (folder / cards.README_FILE).read_text()
    assert f"--stage projector --output-path DIR --seed 0 --tower {parts / 'tower'}" in page
    assert f" --language-model {parts / 'language'} --steps 2`" in page
    assert written["parameters"] == 24 * 32 + 32
    assert "800 parameters" in page
    assert set(written["measured"]) >= {"list/recall", "list/precision", "ground", "yes_no"}
    assert measure(folder, CPU) == written["measured"]
    weights = load_file(folder / PROJECTOR_FILE)
    assert {value.dtype for value in weights.values()} == {torch.float16}
    assert written["made"]["start"] != ""


def test_an_untrained_projector_has_a_card(parts: Path, tmp_path: Path) -> None:
    one = run(FROZEN, tmp_path / "a", "--stage", "projector", *told(parts), "--untrained")
    two = run(FROZEN, tmp_path / "b", "--stage", "projector", *told(parts), "--steps", "0")
    assert "never trained" in (tmp_path / "a" / cards.README_FILE).read_text()
    assert one["weights_sha256"] == two["weights_sha256"]
    other = run(
        FROZEN, tmp_path / "c", "--stage", "projector", *told(parts), "--untrained", "--seed", "1"
    )
    assert other["weights_sha256"] != one["weights_sha256"]


def test_an_untrained_whole_never_learned_anything(parts: Path, tmp_path: Path) -> None:
    """Not a weight of the trained parts is left in it."""
    start = ["--stage", "full", "--start", str(parts / "host")]
    written = run(WHOLE, tmp_path / "a", *start, "--untrained")
    assert (
        "initial weights of seed 0, never trained"
        in (tmp_path / "a" / cards.README_FILE).read_text()
    )
    fresh = AutoModelForImageTextToText.from_pretrained(tmp_path / "a", dtype=torch.float32)
    learned = assembly.opened(parts / "host")[0].state_dict()
    drawn = [
        name
        for name, value in fresh.state_dict().items()
        if value.ndim > 1 and "linear_2" not in name and torch.equal(value, learned[name])
    ]
    assert drawn == []
    assert torch.equal(fresh.model.multi_modal_projector.linear_2.weight, torch.eye(32))
    other = run(WHOLE, tmp_path / "b", *start, "--untrained", "--seed", "1")
    assert other["weights_sha256"] != written["weights_sha256"]


def test_a_whole_has_a_card(parts: Path, tmp_path: Path) -> None:
    start = ["--stage", "full", "--start", str(parts / "host")]
    written = run(WHOLE, tmp_path / "a", *start, "--steps", "2")
    assert (
        f" --start {parts / 'host'} --steps 2`" in (tmp_path / "a" / cards.README_FILE).read_text()
    )
    assert measure(tmp_path / "a", CPU) == written["measured"]
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "a")
    assert written["parameters"] == sum(p.numel() for p in model.parameters())
    assert math.isclose(written["weights_bytes"], 2 * written["parameters"], rel_tol=0.4)


def test_wrong_wishes_are_one_line(
    parts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--output-path", str(tmp_path / "x")]
    first = [*out, "--stage", "projector"]
    assert "--stage" in refused(main, out, capsys)
    assert "half" in refused(main, [*out, "--stage", "half"], capsys)
    assert "wanted 0" in refused(main, [*first, "--steps", "-1"], capsys)
    assert "nowhere" in refused(main, [*first, "--tower", "nowhere"], capsys)
    nobody = [*first, "--tower", str(parts / "tower"), "--language-model", "nobody"]
    assert "nobody" in refused(main, nobody, capsys)
    assert PARTS_FILE in refused(main, [*out, "--stage", "full", "--start", "gone"], capsys)
    assert not (tmp_path / "x").exists()
    (tmp_path / "empty").mkdir()
    for there in ("x", "empty"):
        refused(
            main, ["--output-path", str(tmp_path / there), "--stage", "full", "--measure"], capsys
        )
    refused(main, [*first, "--tower", str(tmp_path / "empty"), *told(parts)[2:]], capsys)
    assert main([*first, *told(parts), "--untrained"]) == 0, "the wrong tower left no trace"


def test_a_host_of_other_words_or_patches_is_refused(parts: Path, tmp_path: Path) -> None:
    coarse = loud(CLIPVisionModel(vision_config(patch_size=32)), 1)
    coarse.save_pretrained(tmp_path / "coarse")
    towers.image_processor().save_pretrained(tmp_path / "coarse")
    with pytest.raises(ValueError, match="9 patches, wanted 36"):
        projector(tmp_path / "coarse", parts / "language")(STAGE_1, CPU, tmp_path / "a")
    words = AutoTokenizer.from_pretrained(language_folder(tmp_path / "language"))
    words.add_tokens(["unicorn"])
    words.save_pretrained(tmp_path / "language")
    with pytest.raises(ValueError, match="was it made with other words"):
        projector(parts / "tower", tmp_path / "language")(STAGE_1, CPU, tmp_path / "b")
