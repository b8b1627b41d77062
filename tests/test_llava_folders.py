"""What a vision-language model is opened from, and the one line that says what is wrong with it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForImageTextToText

from benchmark.backends.llava.backend import open_backend, spelling
from benchmark.backends.llava.blocks import blocks_of
from benchmark.backends.llava.names import ASSETS, source
from benchmark.contracts import Need
from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import assembly, folders, tower
from tests.tiny_llava import QUESTIONS, Pictures, eye, mouth, save_folder

WEIGHTS = "model.safetensors"
PROJECTOR = "multi_modal_projector.linear_1.weight"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_folder(tmp_path_factory.mktemp("llava") / "tiny")


@pytest.fixture
def folder(whole: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(whole, tmp_path / "copy"))


def refused(folder: Path, *words: str) -> str:
    with pytest.raises(ValueError, match=r".") as raised:
        open_backend(f"llava:{folder}")
    line = str(raised.value)
    assert "\n" not in line
    for word in words:
        assert word in line, line
    return line


def with_weights(folder: Path, **changes: torch.Tensor | None) -> Path:
    weights: dict[str, Any] = load_file(folder / WEIGHTS) | changes
    kept = {name: value for name, value in weights.items() if value is not None}
    save_file(kept, folder / WEIGHTS, metadata={"format": "pt"})
    return folder


def edit(file: Path, **fields: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | fields))


def test_no_such_folder(tmp_path: Path) -> None:
    refused(tmp_path / "none", "found nothing there")
    file = tmp_path / "file"
    file.write_text("no model")
    refused(file, "found a file there")
    with pytest.raises(ValueError, match="a hub id"):
        open_backend("llava:nothing")


def test_a_missing_shard(folder: Path) -> None:
    model = AutoModelForImageTextToText.from_pretrained(folder)
    (folder / WEIGHTS).unlink()
    model.save_pretrained(folder, max_shard_size="50KB")
    assert open_backend(f"llava:{folder}").n_blocks
    lost = sorted(folder.glob("model-*"))[1]
    lost.unlink()
    refused(folder, lost.name, "fetch the folder again")


def test_truncated_weights(folder: Path) -> None:
    content = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(content[: len(content) // 2])
    refused(folder, WEIGHTS, "truncated or corrupt")
    (folder / WEIGHTS).unlink()
    refused(folder, "neither model.safetensors nor")


def test_a_projector_of_the_wrong_width(folder: Path) -> None:
    with_weights(folder, **{PROJECTOR: torch.zeros(32, 7)})
    refused(folder, PROJECTOR, "shape [32, 7]", "wants [32, 24]")


def test_a_weight_that_would_be_random(folder: Path) -> None:
    with_weights(folder, **{PROJECTOR: None})
    refused(folder, PROJECTOR, "1 missing", "would be random")


def test_a_processor_without_chat_template(folder: Path) -> None:
    (folder / "chat_template.jinja").unlink()
    refused(folder, "no chat template")


@pytest.mark.parametrize(
    ("template", "says"),
    [
        ("{{ messages[0]['content'][-1]['text'] }}", "wanted <image> there, once"),
        ("{{ bos_token }} <image> hello", "writes a text 0 times"),
        ("{{ raise_exception('no such role') }}", "its chat template fails"),
        ("<image> {{ messages[0]['content'][-1]['text'] }} <image>", "wanted <image> there, once"),
    ],
)
def test_a_chat_template_without_place_for_picture_or_text(
    folder: Path, template: str, says: str
) -> None:
    (folder / "chat_template.jinja").write_text(template)
    refused(folder, says)


def test_a_processor_that_counts_other_image_tokens(folder: Path) -> None:
    edit(folder / "processor_config.json", num_additional_image_tokens=0)
    refused(folder, "35 image tokens")


def test_no_processor_no_tokenizer_no_configuration(folder: Path) -> None:
    for file in ("processor_config.json", "tokenizer.json", "config.json"):
        content = (folder / file).read_text()
        (folder / file).unlink()
        refused(folder)
        (folder / file).write_text(content)
    (folder / "config.json").write_text('{"model_type": ')
    refused(folder, "is no JSON")
    edit_free = folder / "config.json"
    edit_free.write_text('{"model_type": "nothing"}')
    refused(folder, "does not open")


def test_a_model_whose_blocks_are_not_found(whole: Path) -> None:
    model = AutoModelForImageTextToText.from_pretrained(whole)
    layers = model.model.language_model.layers
    layers[1].self_attn.layer_idx = 2
    with pytest.raises(ValueError, match=r"layers.1 calls itself block \{2\}, wanted block 1 of 4"):
        blocks_of(model, "it")
    model.config.text_config.num_hidden_layers = 7
    with pytest.raises(ValueError, match="0 lists of 7 decoder blocks"):
        blocks_of(model, "it")


def test_a_hub_that_is_not_in_reach(monkeypatch: pytest.MonkeyPatch) -> None:
    unreachable(monkeypatch)
    assert source("llava:nobody/nothing-1b").folder is None
    assert "waited" not in refused(Path("nobody/nothing-1b"), "the hub in reach")
    with pytest.raises(ValueError, match="a hub id"):
        source("llava:three/words/deep")


def unreachable(monkeypatch: pytest.MonkeyPatch) -> None:
    def nobody(*_: Any) -> None:
        raise OSError("no name server")

    def asleep(_: float) -> None:
        raise RuntimeError("waited for the hub")

    monkeypatch.setattr("socket.getaddrinfo", nobody)
    monkeypatch.setattr("time.sleep", asleep)


def test_a_hub_id_is_opened_from_the_hubs_own_cache(
    whole: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    unreachable(monkeypatch)
    commit = "0123456789abcdef0123456789abcdef01234567"
    repository = tmp_path / "models--somebody--tiny"
    shutil.copytree(whole, repository / "snapshots" / commit)
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(commit)
    for module in ("huggingface_hub.constants.HF_HUB_CACHE", "transformers.utils.hub.HF_HUB_CACHE"):
        monkeypatch.setattr(module, str(tmp_path), raising=False)
    backend, local = open_backend("llava:somebody/tiny"), open_backend(f"llava:{whole}")
    assert backend.revision == f"somebody/tiny@{commit}+isolated"
    asked = local.ask(Pictures().images(0, 2), QUESTIONS[:2])
    assert torch.equal(backend.next_logits(asked), local.next_logits(asked))


def test_names_and_options(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert source("pocket-llava-frozen").folder == ASSETS / "pocket-llava-frozen"
    assert source("llava:pocket-llava").spelling == source("pocket-llava").spelling
    assert spelling(f"llava:{whole}?text_pass=joint") == f"llava:{whole.resolve()}?text_pass=joint"
    assert spelling(f"llava:{whole}?dtype=float32") == spelling(f"llava:{whole}")
    monkeypatch.chdir(whole.parent)
    assert spelling("llava:tiny") == spelling("llava:./tiny") == spelling(f"llava:{whole}")
    with pytest.raises(ValueError, match="no option 'textpass': did you mean text_pass"):
        source(f"llava:{whole}?textpass=joint")
    with pytest.raises(ValueError, match="text_pass is 'both', wanted isolated or joint"):
        source(f"llava:{whole}?text_pass=both")
    with pytest.raises(ValueError, match="found nothing there"):
        spelling("llava:./none")


def test_a_shipped_name_is_a_folder_of_assets(
    whole: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(whole, tmp_path / "pocket-llava")
    monkeypatch.setattr("benchmark.backends.llava.names.ASSETS", tmp_path)
    backend = open_backend("pocket-llava")
    assert backend.name == "pocket-llava"
    assert backend.revision == open_backend(f"llava:{whole}").revision


def test_the_revision_is_of_all_that_the_numbers_depend_on(whole: Path, folder: Path) -> None:
    seen = {open_backend(f"llava:{whole}").revision}
    assert {open_backend(f"llava:{folder}").revision} == seen
    (folder / "README.md").write_text("a card is no part of the model")
    (folder / "card.json").write_text("{}")
    assert {open_backend(f"llava:{folder}").revision} == seen
    with_weights(folder, **{PROJECTOR: torch.zeros(32, 24)})
    seen.add(open_backend(f"llava:{folder}").revision)
    template = folder / "chat_template.jinja"
    template.write_text(template.read_text().replace("' <user>'", "'<user>'"))
    seen.add(open_backend(f"llava:{folder}").revision)
    edit(folder / "processor_config.json", note="more")
    seen.add(open_backend(f"llava:{folder}").revision)
    assert len(seen) == 4


def test_half_precision_is_asked_for_by_name(whole: Path) -> None:
    backend = open_backend(f"llava:{whole}?dtype=bfloat16")
    assert backend.dtype == "bfloat16"
    assert backend.model.dtype == torch.bfloat16
    rows = backend.encode(Pictures(), "image", 0, 2, backend.sites[0])
    assert rows.dtype == torch.float32
    single = open_backend(f"llava:{whole}").encode(Pictures(), "image", 0, 2, backend.sites[0])
    assert torch.nn.functional.cosine_similarity(rows, single).min() > 0.99


def test_a_host_made_of_parts_offers_its_projector(tmp_path: Path) -> None:
    eye().save_pretrained(tmp_path / "tower")
    tower.image_processor().save_pretrained(tmp_path / "tower")
    mouth().save_pretrained(tmp_path / "language")
    tokenizer.save(tmp_path / "language")
    model = assembly.assemble(eye(), mouth())
    place = tmp_path / "host"
    folders.describe(place, tmp_path / "tower", tmp_path / "language")
    line = refused(place, "projector.safetensors")
    assert "does not open" not in line
    folders.save_projector(model, place)
    backend = open_backend(f"llava:{place}")
    assert Need.PROJECTOR in backend.provides
    asked = backend.ask(Pictures().images(0, 3), QUESTIONS[:3])
    assert len(backend.answers(asked, max_new_tokens=3)) == 3
    before = backend.revision
    with torch.no_grad():
        model.get_parameter("model.multi_modal_projector.linear_1.weight").mul_(2)
    folders.save_projector(model, place)
    assert open_backend(f"llava:{place}").revision != before
    shutil.rmtree(tmp_path / "tower")
    refused(place, "vision_tower")
