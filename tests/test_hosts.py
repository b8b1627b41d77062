"""Hosts made of parts: each tower read as its own library reads it, the whole as any model is."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    AutoTokenizer,
    Dinov2Config,
    Dinov2Model,
    Dinov2WithRegistersConfig,
    Dinov2WithRegistersModel,
    IJepaConfig,
    IJepaModel,
    LlavaForConditionalGeneration,
    SiglipVisionConfig,
    SiglipVisionModel,
    ViTConfig,
    ViTModel,
)

import benchmark
from benchmark.backends import hosts, open_clip_towers
from benchmark.backends.host_parts import PARTS_FILE, PROJECTOR_FILE, Parts, read
from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import folders
from benchmark.recipes.vlm import tower as towers
from benchmark.worlds.scene import sample
from tests import hub_cache, tiny_clip
from tests.tiny_recipes import (
    WIDTH,
    language_folder,
    loud,
    rounded,
    tiny_llama,
    tiny_tower,
    tower_folder,
)

CLIP = Path(benchmark.__file__).parent / "assets" / "pocket-clip"
SIZES = {"hidden_size": WIDTH, "num_hidden_layers": 2, "num_attention_heads": 2}
GRID = {"image_size": 96, "patch_size": 16}


def vit() -> Any:
    return ViTModel(ViTConfig(**SIZES, **GRID, intermediate_size=40))


def dinov2() -> Any:
    return Dinov2Model(Dinov2Config(**SIZES, **GRID, mlp_ratio=2))


def siglip() -> Any:
    return SiglipVisionModel(SiglipVisionConfig(**SIZES, **GRID, intermediate_size=40))


def ijepa() -> Any:
    return IJepaModel(IJepaConfig(**SIZES, **GRID, intermediate_size=40))


TOWERS = {"clip": tiny_tower, "vit": vit, "dinov2": dinov2, "siglip": siglip, "ijepa": ijepa}
WITHOUT_CLASS = {"siglip", "ijepa"}


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of parts, and the host that they make."""
    place: Path = tmp_path_factory.mktemp("parts")
    tower_folder(place / "tower")
    language_folder(place / "language")
    made(place / "host", place / "tower", place / "language")
    return place


def made(folder: Path, tower: Path, language: Path, seed: int = 5) -> Path:
    """A host of two parts with a projector that was drawn."""
    folders.describe(folder, tower, language)
    model, _ = hosts.opened(folder, trained=False)
    draw = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for value in model.get_submodule(hosts.PROJECTOR).parameters():
            value.copy_(0.2 * torch.randn(value.shape, generator=draw))
    folders.save_projector(model, folder)
    return folder


@pytest.fixture
def copy(parts: Path, tmp_path: Path) -> Path:
    """The same, to be spoilt."""
    return Path(shutil.copytree(parts, tmp_path / "copy"))


def pictures(n: int = 2) -> list[Image.Image]:
    return [Image.fromarray(sample(0, "test", i, n_objects=2).render()) for i in range(n)]


def inputs(processor: Any, question: str = "list every object") -> Any:
    turn = {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}
    prompt = processor.apply_chat_template([turn], add_generation_prompt=True)
    return processor(
        images=pictures(), text=[prompt] * 2, add_special_tokens=False, return_tensors="pt"
    )


def by_hand(host: LlavaForConditionalGeneration, tower: Any, language: Any, given: Any) -> Tensor:
    """Logits of the language model on what the projector makes of the tower's last block."""
    with torch.no_grad():
        states = tower(given["pixel_values"], output_hidden_states=True).hidden_states
        grid = states[-1][:, -36:]
        layer = host.get_submodule(hosts.PROJECTOR)
        patches = grid @ layer.weight.T + layer.bias
        read = language.get_input_embeddings()(given["input_ids"])
        at = given["input_ids"] == hosts_image(host)
        for row in range(len(read)):
            read[row, at[row].nonzero().flatten()] = patches[row]
        return language(inputs_embeds=read).logits


def hosts_image(host: LlavaForConditionalGeneration) -> int:
    return int(host.config.image_token_index)


def test_an_open_clip_tower_keeps_its_hidden_states() -> None:
    tower, pictures_of = open_clip_towers.opened(CLIP)
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{CLIP}")
    same_states(model.eval(), tower)
    for picture in pictures():
        pixels = pictures_of(picture, return_tensors="pt")["pixel_values"]
        torch.testing.assert_close(pixels[0], preprocess(picture), atol=1e-6, rtol=0)


@pytest.mark.parametrize("quick_gelu", [False, True])
def test_any_plain_open_clip_tower_is_converted(quick_gelu: bool, tmp_path: Path) -> None:
    extra = {"quick_gelu": True} if quick_gelu else None
    folder = tiny_clip.save_folder(tmp_path / "clip", tiny_clip.TEXT, extra)
    model, _, preprocess = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tower, pictures_of = open_clip_towers.opened(folder)
    assert tower.config.hidden_act == ("quick_gelu" if quick_gelu else "gelu")
    same_states(model.eval(), tower)
    (picture,) = pictures(1)
    pixels = pictures_of(picture, return_tensors="pt")["pixel_values"][0]
    assert pixels.shape == preprocess(picture).shape
    torch.testing.assert_close(pixels, preprocess(picture), atol=0.02, rtol=0)  # a level of 255


def same_states(model: Any, tower: Any) -> None:
    """Every block of both says the same of noise."""
    px = tower.config.image_size
    noise = torch.randn(2, 3, px, px, generator=torch.Generator().manual_seed(0))
    seen: list[Tensor] = []
    hooks = [
        block.register_forward_hook(lambda _m, _i, out: seen.append(out))
        for block in model.visual.transformer.resblocks
    ]
    with torch.no_grad():
        model.encode_image(noise)
        states = tower(noise, output_hidden_states=True).hidden_states
    for hook in hooks:
        hook.remove()
    assert len(states) == len(seen) + 1
    for own, ours in zip(seen, states[1:], strict=True):
        torch.testing.assert_close(ours, own, atol=1e-5, rtol=1e-5)


def test_what_open_clip_leaves_unsaid_is_its_default() -> None:
    config = open_clip_towers.config({"layers": 2, "width": 128})
    assert (config.num_attention_heads, config.intermediate_size) == (2, 512)
    assert (config.image_size, config.patch_size) == (224, 16)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"timm_model_name": "vit_small"}, "timm_model_name"),
        ({"layers": [1, 2, 3, 4]}, "several stages"),
        ({"norm_kwargs": {"eps": 1e-6}}, "norm_kwargs"),
        ({"act_kwargs": {"approximate": "tanh"}}, "act_kwargs"),
    ],
)
def test_other_towers_of_open_clip_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        open_clip_towers.config({**tiny_clip.VISION, **change})


@pytest.mark.parametrize("kind", TOWERS)
def test_a_host_is_its_parts_in_a_row(kind: str, parts: Path, tmp_path: Path) -> None:
    torch.manual_seed(0)
    loud(TOWERS[kind](), 3).save_pretrained(tmp_path / kind)
    towers.image_processor().save_pretrained(tmp_path / kind)
    folder = made(tmp_path / "host", tmp_path / kind, parts / "language")
    host, processor = hosts.opened(folder)
    tower, _ = hosts.vision_tower(str(tmp_path / kind))
    given = inputs(processor)
    assert (given["input_ids"] == hosts_image(host)).sum(1).tolist() == [36, 36]
    assert hosts.n_prefix(tower) == (kind not in WITHOUT_CLASS)
    with torch.no_grad():
        logits = host(**given).logits
    expected = by_hand(host, tower.eval(), rounded(tiny_llama()), given)
    torch.testing.assert_close(logits, expected, atol=1e-4, rtol=1e-5)
    given["pixel_values"] = given["pixel_values"].flip(0)
    assert not torch.allclose(host(**given).logits, expected, atol=1e-2)


def test_the_shipped_tower_makes_a_host(parts: Path, tmp_path: Path) -> None:
    host, processor = hosts.opened(made(tmp_path / "host", CLIP, parts / "language"))
    given = inputs(processor)
    tower, _ = open_clip_towers.opened(CLIP)
    expected = by_hand(host, tower, rounded(tiny_llama()), given)
    with torch.no_grad():
        torch.testing.assert_close(host(**given).logits, expected, atol=1e-4, rtol=1e-5)


def test_an_earlier_block_of_the_tower_can_be_read(copy: Path) -> None:
    host = copy / "host"
    described = json.loads((host / PARTS_FILE).read_text())
    for layer in (-2, 1):
        (host / PARTS_FILE).write_text(json.dumps({**described, "vision_feature_layer": layer}))
        model, processor = hosts.opened(host)
        given = inputs(processor)
        with torch.no_grad():
            found = model.model.get_image_features(given["pixel_values"]).pooler_output[0]
            tower = model.model.vision_tower
            states = tower(given["pixel_values"], output_hidden_states=True).hidden_states
            wanted = model.model.multi_modal_projector(states[1][:, 1:])[0]
        torch.testing.assert_close(found, wanted)
    (host / PARTS_FILE).write_text(json.dumps({**described, "vision_feature_layer": 3}))
    line(host, "vision_feature_layer is 3")


def test_the_whole_is_saved_and_opens_alike(parts: Path, tmp_path: Path) -> None:
    host, processor = hosts.opened(parts / "host")
    folders.save_whole(host, processor, tmp_path / "whole")
    model = AutoModelForImageTextToText.from_pretrained(tmp_path / "whole", dtype=torch.float32)
    again = AutoProcessor.from_pretrained(tmp_path / "whole")
    assert type(model) is LlavaForConditionalGeneration
    given, read = inputs(processor), inputs(again)
    for name in ("input_ids", "attention_mask", "pixel_values"):
        assert torch.equal(given[name], read[name]), name
    with torch.no_grad():
        assert torch.equal(model.eval()(**read).logits, host(**given).logits)
        asked = {**read, "max_new_tokens": 5, "do_sample": False}
        assert torch.equal(model.generate(**asked), host.generate(**asked))
    assert model.lm_head.weight is model.get_input_embeddings().weight
    assert {v.dtype for v in load_file(tmp_path / "whole" / "model.safetensors").values()} == {
        torch.float16
    }


def test_joining_leaves_the_parts_and_the_drawing_as_they_were(parts: Path) -> None:
    tower, language = tiny_tower(), tiny_llama()
    before = {**tower.state_dict(), **language.state_dict()}
    before = {name: value.clone() for name, value in before.items()}
    model = hosts.joined(tower, language, tokenizer.build())
    with torch.no_grad():
        for value in model.parameters():
            value.zero_()
    for name, value in {**tower.state_dict(), **language.state_dict()}.items():
        assert torch.equal(value, before[name]), name
    torch.manual_seed(7)
    one, drawn = hosts.opened(parts / "host", trained=False)[0], torch.rand(1)
    torch.manual_seed(7)
    assert torch.equal(drawn, torch.rand(1))
    two = hosts.opened(parts / "host", trained=False)[0]
    for (name, a), b in zip(one.state_dict().items(), two.state_dict().values(), strict=True):
        assert torch.equal(a, b), name


def test_the_projector_is_linear(parts: Path) -> None:
    model, _ = hosts.opened(parts / "host")
    projector = model.model.multi_modal_projector
    x = torch.randn(3, WIDTH, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        assert torch.equal(projector(x), projector.linear_1(x))


def test_a_tokenizer_without_the_image_token_gets_one(copy: Path) -> None:
    words = without_image(copy / "language")
    host, processor = hosts.opened(copy / "host")
    ids = processor.tokenizer.get_vocab()
    assert ids["<image>"] == len(words) == host.config.image_token_index
    assert host.get_input_embeddings().weight.shape[0] == len(words) + 1
    assert host.lm_head.weight.shape[0] == len(words) + 1
    old = rounded(tiny_llama()).get_input_embeddings().weight[: len(words)]
    assert torch.equal(host.get_input_embeddings().weight[: len(words)], old)
    given = inputs(processor)
    assert (given["input_ids"] == ids["<image>"]).sum(1).tolist() == [36, 36]
    assert processor.tokenizer.decode(given["input_ids"][0], skip_special_tokens=True) == (
        "list every object"
    )
    with torch.no_grad():
        assert host(**given).logits.shape[2] == len(words) + 1
    again, _ = hosts.opened(copy / "host")
    assert torch.equal(again.lm_head.weight, host.lm_head.weight)


def without_image(folder: Path) -> Any:
    """The folder's language model and words, whose last word and image token are gone."""
    file = folder / "tokenizer.json"
    described = json.loads(file.read_text())
    words = described["model"]["vocab"]
    words["woman"] = words.pop("<image>")
    added = [t for t in described["added_tokens"] if t["content"] != "<image>"]
    file.write_text(json.dumps({**described, "added_tokens": added}))
    options = json.loads((folder / "tokenizer_config.json").read_text())
    for name in ("extra_special_tokens", "additional_special_tokens"):
        if name in options:
            options[name] = [token for token in options[name] if token != "<image>"]
    (folder / "tokenizer_config.json").write_text(json.dumps(options))
    found = AutoTokenizer.from_pretrained(folder)
    assert "<image>" not in found.get_vocab()
    return found


def line(folder: Path, *words: str) -> None:
    """Opening the host says these words in one line."""
    with pytest.raises(ValueError) as raised:  # noqa: PT011
        hosts.opened(folder)
    text = str(raised.value)
    assert "\n" not in text
    assert len(text) < 600
    for word in words:
        assert word in text, text


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("{", "is no JSON"),
        ("[1]", "holds a list"),
        ("{}", "does not say language_model"),
        ('{"language_model": "../language"}', "does not say vision_tower"),
        ('{"language_model": "../language", "vision_tower": 3}', "is no str"),
        ('{"language_model": "../language", "vision_tower": "../tower", "wings": 2}', "wings"),
        (
            '{"language_model": "../language", "vision_tower": "../tower", '
            '"vision_feature_layer": "last"}',
            "is no int",
        ),
        ('{"language_model": "../language", "vision_tower": "../nowhere"}', "no folder ../nowhere"),
        ('{"language_model": "/nowhere", "vision_tower": "../tower"}', "no folder /nowhere"),
    ],
)
def test_a_wrong_description_is_one_line(copy: Path, written: str, words: str) -> None:
    (copy / "host" / PARTS_FILE).write_text(written)
    line(copy / "host", words, PARTS_FILE)


def test_parts_of_the_hub_at_a_revision_are_found_or_named(
    copy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")
    host = copy / "host"
    before, _ = hosts.opened(host)
    parts = {"language_model": f"me/words@{hub_cache.COMMIT}", "vision_tower": "me/eyes"}
    (host / PARTS_FILE).write_text(json.dumps(parts))
    line(host, "me/eyes: the hub's cache", "hf download me/eyes;", "name that in parts.json")
    hub_cache.filled(tmp_path / "hub", "me/eyes", copy / "tower")
    line(host, "me/words: the hub's cache", f"hf download me/words --revision {hub_cache.COMMIT};")
    hub_cache.filled(tmp_path / "hub", "me/words", copy / "language")
    after, _ = hosts.opened(host)
    assert all(
        torch.equal(a, b) for a, b in zip(before.parameters(), after.parameters(), strict=True)
    )
    small, _ = hosts.opened(host, dtype=torch.bfloat16)
    assert {p.dtype for p in small.parameters()} == {torch.bfloat16}


def test_a_missing_description_is_one_line(copy: Path) -> None:
    (copy / "host" / PARTS_FILE).unlink()
    line(copy / "host", "cannot be read")


def test_a_missing_or_spoilt_part_is_one_line(copy: Path) -> None:
    host = copy / "host"
    for file, words in (
        ("tower/preprocessor_config.json", "vision tower"),
        ("tower/config.json", "vision tower"),
        ("language/tokenizer.json", "language model"),
        ("language/model.safetensors", "language model"),
    ):
        kept = (copy / file).read_bytes()
        (copy / file).unlink()
        line(host, words)
        (copy / file).write_bytes(kept[:100])
        line(host, words)
        (copy / file).write_bytes(kept)
    hosts.opened(host)


def test_a_part_without_all_its_weights_is_one_line(copy: Path) -> None:
    """What is missing would be random: no host is made of that."""
    for part, name in (
        ("tower", "encoder.layers.1.mlp.fc1.weight"),
        ("language", "model.norm.weight"),
    ):
        file = copy / part / "model.safetensors"
        weights = load_file(file)
        save_file({n: v for n, v in weights.items() if n != name}, file, metadata={"format": "pt"})
        line(copy / "host", "has no weights for", name)
        save_file(weights, file, metadata={"format": "pt"})


def test_a_projector_that_does_not_fit_is_one_line(copy: Path) -> None:
    file = copy / "host" / PROJECTOR_FILE
    weights, kept = load_file(file), file.read_bytes()
    save_file({**weights, "weight": torch.zeros(32, 23)}, file)
    line(copy / "host", "[32, 23]", "[32, 24]")
    save_file({"weight": weights["weight"]}, file)
    line(copy / "host", "bias")
    save_file({**weights, "bias": torch.full((32,), torch.inf)}, file)
    line(copy / "host", "NaN or infinite")
    file.write_bytes(kept[:50])
    line(copy / "host", "no whole safetensors file")
    file.unlink()
    line(copy / "host", "no whole safetensors file")


def test_a_tokenizer_without_chat_template_is_one_line(copy: Path) -> None:
    (copy / "language" / "chat_template.jinja").unlink()
    line(copy / "host", "no chat template")


def test_a_spoilt_open_clip_folder_is_one_line(copy: Path) -> None:
    shutil.copytree(CLIP, copy / "clip")
    host = made(copy / "other", copy / "clip", copy / "language")
    config, weights = (
        copy / "clip" / name
        for name in (open_clip_towers.CONFIG_FILE, open_clip_towers.WEIGHTS_FILE)
    )
    described, kept = json.loads(config.read_text()), weights.read_bytes()
    weights.write_bytes(kept[:1000])
    line(host, "does not open as an open_clip folder")
    weights.unlink()
    line(host, "does not open as an open_clip folder")
    weights.write_bytes(kept)
    for spoilt, words in (
        ({**described, "model_cfg": {}}, "vision_cfg"),
        ({**described, "preprocess_cfg": {"size": 96}}, "does not say mean"),
        (
            {
                **described,
                "preprocess_cfg": {**described["preprocess_cfg"], "resize_mode": "squash"},
            },
            "squash",
        ),
    ):
        config.write_text(json.dumps(spoilt))
        line(host, words)
    described["model_cfg"]["vision_cfg"]["layers"] = 5
    config.write_text(json.dumps(described))
    line(host, "no plain vision transformer")


def test_a_tower_with_registers_is_refused(copy: Path) -> None:
    made_of = Dinov2WithRegistersConfig(**SIZES, **GRID, mlp_ratio=2, num_register_tokens=3)
    Dinov2WithRegistersModel(made_of).save_pretrained(copy / "tower")
    line(copy / "host", "40 tokens for 36 patches")


def test_parts_are_found_from_the_folder(copy: Path, tmp_path: Path) -> None:
    """By relative ways that survive a move of all, and a link to the folder."""
    parts = read(copy / "host")
    assert parts == Parts(language_model="../language", vision_tower="../tower")
    moved = copy.rename(tmp_path / "moved")
    hosts.opened(moved / "host")
    (tmp_path / "deep" / "er").mkdir(parents=True)
    (tmp_path / "deep" / "er" / "link").symlink_to(moved / "host")
    hosts.opened(tmp_path / "deep" / "er" / "link")
    linked = tmp_path / "deep" / "er" / "link" / "inner"
    folders.describe(linked, moved / "tower", moved / "language")
    assert read(linked) == replace(
        parts, language_model="../../language", vision_tower="../../tower"
    )
