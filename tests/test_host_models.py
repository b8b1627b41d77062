"""Each host of VISTA in small: every language model behind every tower, from disk to a task."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from torch import Tensor
from transformers import AutoImageProcessor, AutoModel, AutoModelForCausalLM, AutoTokenizer

from benchmark.__main__ import main
from benchmark.backends import hosts, open_backend
from benchmark.backends.llava.model import Llava
from benchmark.contracts import Edit, Need
from benchmark.corpora.naming import open_corpus
from benchmark.recipes.vlm import folders
from tests import hub_cache, tiny_hosts, tiny_talks
from tests.tiny_hosts import BLOCKS, GRID, PAIRS, WIDTH

QUESTION = "is there a cat ?"


@dataclass(frozen=True, eq=False)
class World:
    """A host of two parts, and its parts as their own library opens them."""

    language: str
    tower: str
    parts: tiny_hosts.Parts
    backend: Llava

    def tokens(self, shown: list[Any]) -> Tensor:
        """The tower's patch tokens."""
        tower = AutoModel.from_pretrained(self.parts.tower).eval()
        pixels = AutoImageProcessor.from_pretrained(self.parts.tower)(shown, return_tensors="pt")
        tower = getattr(tower, "vision_model", tower)
        with torch.no_grad():
            states = tower(pixels["pixel_values"], output_hidden_states=True).hidden_states[-1]
        return states[:, states.shape[1] - GRID**2 :]


@pytest.fixture(scope="module", params=PAIRS, ids="-".join)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    language, tower = request.param
    made = tiny_hosts.parts(tmp_path_factory.mktemp("host"), language, tower)
    return World(language, tower, made, open_backend(f"llava:{made.host}"))


def pictures(n: int = 2) -> list[Image.Image]:
    noise = np.random.default_rng(0).integers(0, 256, (n, 48, 40, 3), np.uint8)
    return [Image.fromarray(each) for each in noise]


def test_a_host_says_what_its_language_model_says_of_projected_patches(world: World) -> None:
    """Logits of the language model's own class, its caps and positions included."""
    shown = pictures()
    own = AutoModelForCausalLM.from_pretrained(world.parts.language, attn_implementation="eager")
    asked = world.backend.ask(shown, [QUESTION] * 2)
    weight, bias = world.backend.projector.values()
    ids, mask = asked.inputs["input_ids"], asked.inputs["attention_mask"]
    words = AutoTokenizer.from_pretrained(world.parts.language)
    written = words.decode(ids[0][~asked.image[0] & mask[0].bool()])
    turn = {"role": "user", "content": QUESTION}
    alone = words.apply_chat_template([turn], tokenize=False, add_generation_prompt=True)
    assert written.replace("<image>", "").replace("\n", "") == alone.replace("\n", "")
    with torch.no_grad():
        embedded = own.get_input_embeddings()(ids.clamp(max=own.config.vocab_size - 1))
        embedded[asked.image] = (world.tokens(shown) @ weight.T + bias).flatten(0, 1)
        expected = own(inputs_embeds=embedded, attention_mask=mask).logits[:, -1]
    found = world.backend.next_logits(asked)[:, : expected.shape[1]]
    torch.testing.assert_close(found, expected, atol=1e-4, rtol=1e-4)
    assert (found.abs().max() < 3) == (world.language == "gemma2")


def test_caps_stay_where_weights_are_replaced(world: World) -> None:
    backend, asked = world.backend, world.backend.ask(pictures(), [QUESTION] * 2)
    kept = {name: value.clone() for name, value in backend.projector.items()}
    assert torch.equal(backend.patched(kept).next_logits(asked), backend.next_logits(asked))
    louder = {name: 2 * value for name, value in kept.items()}
    found = backend.patched(louder).next_logits(asked)
    assert not torch.allclose(found, backend.next_logits(asked), atol=1e-3)
    assert (found.abs().max() < 3) == (world.language == "gemma2")


def test_patches_and_words_are_read_at_every_site(world: World, tmp_path: Path) -> None:
    backend, shown = world.backend, pictures()
    assert backend.provides >= {Need.PROJECTOR, Need.GENERATION, Need.TOKENS, Need.SAME_WIDTH}
    assert (backend.n_blocks, backend.patch_grid) == (BLOCKS, (GRID, GRID))
    examples = open_corpus(str(tiny_talks.pretrain(tmp_path, 40))).split("train")
    sites = {site.name: site for site in backend.sites}
    for name, width in (("tower/tokens", tiny_hosts.EYE), ("block:1/tokens", WIDTH)):
        rows = backend.encode(examples, "image", 0, 3, sites[name])
        assert rows.shape == (3, GRID**2, width)
    rows = backend.encode(examples, "text", 0, 3, sites["block:2"])
    assert rows.shape == (3, WIDTH)
    assert not torch.allclose(rows[0], rows[1])
    asked = backend.ask(shown, [QUESTION] * 2)
    assert (asked.image.sum(1) == GRID**2).all()


def test_an_edit_of_one_patch_changes_what_comes_after_it(world: World) -> None:
    backend, asked = world.backend, world.backend.ask(pictures(), [QUESTION] * 2)
    here = torch.zeros(2, GRID**2, dtype=torch.bool)
    here[0, 5] = True
    edit = Edit(1, lambda stream: stream + 9.0, patches=here)
    plain, edited = (backend.residuals(asked, [1, 2], more) for more in ((), (edit,)))
    at = asked.image[0].nonzero().flatten()[5]
    change = (edited[1] - plain[1]).abs().amax(2)
    assert (change > 1).nonzero().tolist() == [[0, int(at)]]
    later = (edited[2] - plain[2]).abs().amax(2) > 1e-4
    assert later[0, at : at + 5].all()
    assert not later[0, :at].any()
    assert not later[1].any()
    edit = replace(edit, block=0)  # what block 1 makes of it reaches every later word
    logits = backend.next_logits(asked, [edit])
    under = backend.next_logits_under(asked, [[edit]])[0]
    torch.testing.assert_close(logits, under, atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits[0], backend.next_logits(asked)[0], atol=1e-3)


def test_answers_are_greedy_and_do_not_depend_on_the_batch(world: World) -> None:
    backend = world.backend
    both = backend.answers(backend.ask(pictures(), [QUESTION, "describe"]), max_new_tokens=6)
    alone = backend.answers(backend.ask(pictures()[:1], [QUESTION]), max_new_tokens=6)
    assert both[0] == alone[0]
    asked = backend.ask(pictures()[:1], [QUESTION])
    ids = asked.inputs["input_ids"]
    first = int(backend.next_logits(asked).argmax())
    made = backend.model.generate(**asked.inputs, max_new_tokens=6)
    assert int(made[0, ids.shape[1]]) == first


def test_the_whole_is_saved_and_opened_by_its_name_on_the_hub(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Caps, template and grid come along; half precision is all that differs."""
    model, processor = hosts.opened(world.parts.host)
    folders.save_whole(model, processor, tmp_path / "whole")
    hub_cache.used(monkeypatch, tmp_path / "hub")
    hub_cache.filled(tmp_path / "hub", "org/host", tmp_path / "whole")
    again = open_backend("llava:org/host")
    assert again.patch_grid == (GRID, GRID)
    assert {site.name for site in again.sites} == {site.name for site in world.backend.sites}
    logits = [b.next_logits(b.ask(pictures(), [QUESTION] * 2)) for b in (world.backend, again)]
    torch.testing.assert_close(logits[1], logits[0], atol=0.05, rtol=0.05)
    text = [b.ask(None, [QUESTION]).inputs["input_ids"].tolist() for b in (world.backend, again)]
    assert text[0] == text[1]


@pytest.mark.slow
def test_a_task_runs_on_conversations_from_the_command(world: World, tmp_path: Path) -> None:
    data = tiny_talks.pretrain(tmp_path / "data", 60)
    asked = ["run", "--method", "identity", "--backend", f"llava:{world.parts.host}"]
    asked += ["--task", "retrieval", "--site", "block:1", "--data", f"llava-pretrain:{data}"]
    assert main([*asked, "--output-path", str(tmp_path / "out")]) == 0
    (cell,) = json.loads((tmp_path / "out" / "document.json").read_text())["cells"]
    assert cell["status"] == "scored"
    assert cell["data"]["name"] == "llava-pretrain"
    assert cell["data"]["licence"].startswith("CC-3M/BLIP captions")


@pytest.mark.slow
def test_vista_trains_in_the_hosts_own_precision(tmp_path: Path) -> None:
    """Its projector on conversations, from the command, for a host that is held in bfloat16."""
    host = tiny_hosts.parts(tmp_path, "gemma2", "ijepa").host
    data = tiny_talks.pretrain(tmp_path / "data", 60)
    asked = ["run", "--method", "vista", "--backend", f"llava:{host}?dtype=bfloat16"]
    small = {"projector_steps": 2, "projector_batch": 4, "steps": 4, "n_latents": 64, "k": 4}
    asked += [word for name, n in small.items() for word in ("--set", f"{name}={n}")]
    asked += ["--task", "reconstruction", "--site", "block:1/tokens", "--data", str(data)]
    assert main([*asked, "--output-path", str(tmp_path / "out")]) == 0
    (cell,) = json.loads((tmp_path / "out" / "document.json").read_text())["cells"]
    assert cell["status"] == "scored"
    assert cell["backend"]["dtype"] == "bfloat16"
    values = {score["name"]: score["value"] for score in cell["scores"]}
    assert 0 < values["l0/image"] <= 4
