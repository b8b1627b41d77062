"""The open_clip backend: its numbers are the library's own, and bad folders are one clear line."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

from benchmark import clip_loading
from benchmark.activations import activations
from benchmark.backends.clip import Clip, open_backend
from benchmark.contracts import Backend, Need
from benchmark.hooks import mean_over, outputs_of, residual
from benchmark.store import Store

open_clip = pytest.importorskip("open_clip")
WORDS = ("a", "the", "red", "blue", "green", "cat", "dog", "sun", "moon", "one", "left", "of", "in")
PX = 32
VISION = {"layers": 3, "width": 24, "head_width": 12, "patch_size": 8, "image_size": PX}
TEXT = {"context_length": 16, "width": 16, "heads": 2, "layers": 2, "vocab_size": len(WORDS) + 4}


@dataclass(frozen=True, eq=False)
class Pictures:
    """Noise with captions of one to nine words."""

    n: int = 12
    px: int = PX
    as_pil: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"i{i}" for i in range(self.n))

    @property
    def captions(self) -> tuple[str, ...]:
        rng = np.random.default_rng(5)
        return tuple(" ".join(rng.choice(WORDS, 1 + i % 9)) for i in range(self.n))

    caption_of = property(lambda self: np.arange(self.n))
    concepts = None
    negatives = None
    name, revision, licence, provides, planted = "noise", "1", "none", frozenset(), None

    def split(self, _name: str) -> Pictures:
        return self

    def true_pairs(self) -> np.ndarray:
        return np.stack([np.arange(self.n)] * 2, 1)

    def images(self, start: int, stop: int) -> Any:
        shape = (self.n, self.px, self.px + (3 if self.as_pil else 0), 3)
        noise = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)[start:stop]
        return [Image.fromarray(picture) for picture in noise] if self.as_pil else noise


def save_folder(folder: Path, text: dict[str, Any], extra: dict[str, Any] | None = None) -> Path:
    """A random model with its tokenizer in open_clip's folder format."""
    folder.mkdir()
    model_cfg = {"embed_dim": 20, "vision_cfg": VISION, "text_cfg": text} | (extra or {})
    pre = {"size": PX, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
    config = {"model_cfg": model_cfg, "preprocess_cfg": pre}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    ids = {word: i for i, word in enumerate(("<pad>", "<unk>", "<start>", *WORDS, "<end>"))}
    core = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[(t, ids[t]) for t in ("<start>", "<end>")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", unk_token="<unk>", eos_token="<end>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    kind = open_clip.CustomTextCLIP if (extra or {}).get("custom_text") else open_clip.CLIP
    model = kind(20, dict(VISION), {k: v for k, v in text.items() if k != "hf_tokenizer_name"})
    for name, value in model.named_parameters():
        if "positional" in name or "class_embedding" in name:
            torch.nn.init.normal_(value)  # positions and CLS that matter
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder


@pytest.fixture(scope="session")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    text = TEXT | {"hf_tokenizer_name": "own"}
    return save_folder(tmp_path_factory.mktemp("clip") / "tiny", text)


@pytest.fixture(scope="session")
def backend(folder: Path) -> Clip:
    return open_backend(f"clip:{folder}")


@pytest.fixture
def copied(folder: Path, tmp_path: Path) -> Iterator[Path]:
    return shutil.copytree(folder, tmp_path / "copy")


def site(backend: Clip, name: str) -> Any:
    return next(site for site in backend.sites if site.name == name)


def test_it_is_a_backend_with_real_sites(backend: Clip) -> None:
    assert isinstance(backend, Backend)
    assert [s.name for s in backend.sites] == ["embedding", "block:0", "block:1", "patches"]
    for s in backend.sites:
        backend.model.get_submodule(s.image_module)
        backend.model.get_submodule(s.text_module)
    assert backend.provides == {Need.SAME_WIDTH}
    assert not backend.model.training


@torch.no_grad()
def test_embeddings_are_the_librarys_own(backend: Clip, folder: Path) -> None:
    model, _, transform = open_clip.create_model_and_transforms(f"local-dir:{folder}")
    tokenizer, data = open_clip.get_tokenizer(f"local-dir:{folder}"), Pictures()
    pictures = torch.stack([transform(Image.fromarray(p)) for p in data.images(0, 12)])
    image = model.eval().encode_image(pictures, normalize=True)
    text = model.encode_text(tokenizer(list(data.captions)), normalize=True)
    mine = [backend.encode(data, m, 0, 12, backend.sites[0]) for m in ("image", "text")]
    assert torch.allclose(mine[0], image, atol=1e-6)
    assert torch.allclose(mine[1], text, atol=1e-6)
    assert torch.allclose(mine[0].norm(dim=1), torch.ones(12), atol=1e-6)
    assert not mine[0].requires_grad
    assert not mine[0].is_inference()


def test_pictures_of_the_right_size_skip_pil_bit_for_bit(backend: Clip) -> None:
    arrays = Pictures().images(0, 12)
    assert backend.pixels.fast
    slow = torch.stack([backend.pixels.transform(Image.fromarray(p)) for p in arrays])
    assert torch.equal(backend.pixels(arrays), slow)


@pytest.mark.parametrize("pictures", [Pictures(px=50), Pictures(px=50, as_pil=True)])
def test_other_sizes_go_through_the_models_transform(backend: Clip, pictures: Pictures) -> None:
    given = pictures.images(0, 3)
    whole = [p if pictures.as_pil else Image.fromarray(p) for p in given]
    wanted = torch.stack([backend.pixels.transform(p) for p in whole])
    assert torch.equal(backend.pixels(given), wanted)
    assert wanted.shape == (3, 3, PX, PX)


def test_pictures_of_another_kind_are_refused(backend: Clip) -> None:
    with pytest.raises(ValueError, match="wanted uint8"):
        backend.pixels(np.zeros((1, PX, PX, 3), np.float32))


@pytest.mark.parametrize("name", ["embedding", "block:0", "block:1", "patches"])
@pytest.mark.parametrize("modality", ["image", "text"])
def test_batches_do_not_matter(backend: Clip, name: str, modality: Any) -> None:
    data, where = Pictures(), site(backend, name)
    whole = backend.encode(data, modality, 0, 12, where)
    ones = torch.cat([backend.encode(data, modality, i, i + 1, where) for i in range(12)])
    assert (whole - ones).abs().max() < 1e-5


@torch.no_grad()
def test_blocks_are_the_residual_stream_pooled_over_what_is_real(backend: Clip) -> None:
    data, model = Pictures(), backend.model
    out = model.forward_intermediates(
        backend.pixels(data.images(0, 12)),
        backend.tokenizer(list(data.captions)),
        image_output_fmt="NLC",
        image_output_extra_tokens=True,
    )
    lengths = [len(caption.split()) + 2 for caption in data.captions]
    for block in (0, 1):
        where = site(backend, f"block:{block}")
        image = backend.encode(data, "image", 0, 12, where)
        assert torch.allclose(image, out["image_intermediates"][block].mean(1), atol=1e-5)
        tokens = out["text_intermediates"][block]
        own = torch.stack([t[:n].mean(0) for t, n in zip(tokens, lengths, strict=True)])
        assert torch.allclose(backend.encode(data, "text", 0, 12, where), own, atol=1e-5)
    patches = backend.encode(data, "image", 0, 12, site(backend, "patches"))
    assert patches.shape == (12, 16, 24)
    assert torch.allclose(patches, out["image_intermediates"][2], atol=1e-5)


@torch.no_grad()
@pytest.mark.parametrize("custom", [False, True])
@pytest.mark.parametrize("pool", ["argmax", "eos"])
def test_padding_is_cut_only_where_it_changes_nothing(
    tmp_path: Path, custom: bool, pool: str
) -> None:
    text = TEXT | {"hf_tokenizer_name": "own", "pool_type": pool, "eos_id": TEXT["vocab_size"] - 1}
    folder = save_folder(tmp_path / "m", text, {"custom_text": True} if custom else None)
    backend, data = open_backend(f"clip:{folder}"), Pictures()
    tokens = backend.tokenizer(list(data.captions))
    trimmed = backend.reader.trimmed(tokens)
    assert backend.reader.cuts
    assert trimmed.shape[1] == 11 < tokens.shape[1]
    whole = backend.model.encode_text(tokens, normalize=True)
    assert (backend.reader(trimmed) - whole).abs().max() < 1e-6


@torch.no_grad()
def test_the_tokenizer_of_openai_works_too(tmp_path: Path) -> None:
    text = TEXT | {"vocab_size": 49408, "context_length": 77}
    backend = open_backend(f"clip:{save_folder(tmp_path / 'm', text)}")
    texts = ["A photo of a cat.", "two dogs", "a sun, a moon and one very, very long story"]
    whole = backend.model.encode_text(backend.tokenizer(texts), normalize=True)
    assert backend.reader.trimmed(backend.tokenizer(texts)).shape[1] < 20
    assert (backend.encode_texts(texts, backend.sites[0]) - whole).abs().max() < 1e-6


@torch.no_grad()
def test_towers_that_see_padding_read_every_position(tmp_path: Path) -> None:
    text = TEXT | {"hf_tokenizer_name": "own", "no_causal_mask": True}
    folder = save_folder(tmp_path / "m", text, {"custom_text": True})
    backend = open_backend(f"clip:{folder}")
    tokens = backend.tokenizer(["a cat"])
    assert not backend.reader.cuts
    assert backend.reader.trimmed(tokens).shape == tokens.shape
    rows = backend.encode_texts(["a cat"], backend.sites[0])
    assert torch.allclose(rows, backend.model.encode_text(tokens, normalize=True), atol=1e-6)


def test_a_tower_of_timm_has_blocks_too(tmp_path: Path) -> None:
    timm = pytest.importorskip("timm")
    vision = {"timm_model_name": "test_vit", "timm_pool": "token", "image_size": 160}
    if vision["timm_model_name"] not in timm.list_models():
        pytest.skip("this timm has no small test model")
    folder = save_folder(tmp_path / "m", TEXT | {"hf_tokenizer_name": "own"})
    config = json.loads((folder / "open_clip_config.json").read_text())
    config["model_cfg"]["vision_cfg"] = vision
    config["preprocess_cfg"]["size"] = 160
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    model = open_clip.CLIP(20, dict(vision), dict(TEXT))
    save_file(
        {k: v.contiguous() for k, v in model.state_dict().items()},
        folder / "open_clip_model.safetensors",
    )
    backend = open_backend(f"clip:{folder}")
    patches = backend.encode(Pictures(n=2, px=160), "image", 0, 2, site(backend, "patches"))
    grid = model.visual.trunk.patch_embed.num_patches
    assert patches.shape[:2] == (2, grid)


def test_a_patch_makes_another_model_and_leaves_this_one(backend: Clip) -> None:
    name = "visual.proj"
    before = backend.encode(Pictures(), "image", 0, 4, backend.sites[0])
    own = backend.model.state_dict()[name].clone()
    other = backend.patched({name: own.flip(0)})
    changed = other.encode(Pictures(), "image", 0, 4, other.sites[0])
    assert (changed - before).abs().max() > 1e-3
    assert torch.equal(backend.model.state_dict()[name], own)
    assert torch.equal(backend.encode(Pictures(), "image", 0, 4, backend.sites[0]), before)
    assert other.revision != backend.revision
    assert backend.patched({}).revision == backend.revision
    text = [b.encode(Pictures(), "text", 0, 4, backend.sites[0]) for b in (backend, other)]
    assert torch.equal(*text)


def test_a_patch_that_does_not_fit_is_refused(backend: Clip) -> None:
    with pytest.raises(ValueError, match=r"no weight 'visual\.nothing'"):
        backend.patched({"visual.nothing": torch.zeros(1)})
    with pytest.raises(ValueError, match=r"shape \[1\], .* has \[24, 20\]"):
        backend.patched({"visual.proj": torch.zeros(1)})


def test_foreign_sites_are_refused(backend: Clip) -> None:
    where = backend.sites[1].__class__("block:9", "visual", "transformer", block=9)
    for modality in ("image", "text"):
        with pytest.raises(ValueError, match="no site 'block:9', wanted one of embedding, block:0"):
            backend.encode(Pictures(), modality, 0, 1, where)


def test_the_revision_is_of_weights_configuration_and_tokenizer(
    backend: Clip, copied: Path
) -> None:
    assert open_backend(f"clip:{copied}").revision == backend.revision
    (copied / "README.md").write_text("a card is no part of the model")
    assert open_backend(f"clip:{copied}").revision == backend.revision
    seen = {backend.revision}
    weights = load_file(copied / "open_clip_model.safetensors")
    save_file(weights | {"logit_scale": torch.tensor(1.0)}, copied / "open_clip_model.safetensors")
    seen.add(open_backend(f"clip:{copied}").revision)
    config = copied / "open_clip_config.json"
    config.write_text(config.read_text().replace("0.5", "0.6"))
    seen.add(open_backend(f"clip:{copied}").revision)
    words = copied / "tokenizer.json"
    words.write_text(words.read_text() + "\n")
    seen.add(open_backend(f"clip:{copied}").revision)
    assert len(seen) == 4


def test_through_the_store_and_back(backend: Clip, tmp_path: Path) -> None:
    data, store = Pictures(), Store(tmp_path, say=lambda _: None)
    for where in backend.sites:
        first = activations(backend, data, "test", where, store=store, batch_size=5)
        again = activations(backend, data, "test", where, store=store)
        plain = activations(backend, data, "test", where, store=None)
        assert torch.equal(first.image, again.image)
        assert torch.equal(first.text, again.text)
        assert (first.image - plain.image).abs().max() < 1e-5
        assert (first.text - plain.text).abs().max() < 1e-5
    assert first.image.shape == (12 * 16, 24)
    assert first.image_owner[:17].tolist() == [0] * 16 + [1]


def refused(spec: str) -> str:
    with pytest.raises(ValueError) as told:  # noqa: PT011
        open_backend(spec)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_folders_that_are_not_whole(copied: Path, tmp_path: Path) -> None:
    assert "found no folder" in refused(f"clip:{tmp_path / 'none'}")
    (tmp_path / "empty").mkdir()
    assert "has no open_clip_config.json" in refused(f"clip:{tmp_path / 'empty'}")
    weights, config = copied / "open_clip_model.safetensors", copied / "open_clip_config.json"
    data, described = weights.read_bytes(), config.read_text()
    for kept in (0, 5, 1000, len(data) - 1):
        weights.write_bytes(data[:kept])
        assert str(weights) in refused(f"clip:{copied}")
    weights.unlink()
    assert "has no file of weights" in refused(f"clip:{copied}")
    weights.write_bytes(data)
    for broken, says in (
        (described[:-20], "is no JSON"),
        ("[]", "has no 'model_cfg'"),
        ('{"model_cfg": {}}', "does not open"),
        (described.replace('"layers": 3', '"layers": 4'), "does not open"),
    ):
        config.write_text(broken)
        assert says in refused(f"clip:{copied}")
    config.write_text(described)
    for file in copied.glob("tokenizer*"):
        file.unlink()
    assert "tokenizer" in refused(f"clip:{copied}")


def test_weights_that_are_not_finite(copied: Path) -> None:
    path = copied / "open_clip_model.safetensors"
    weights = load_file(path)
    weights["visual.proj"][0, 0] = float("nan")
    save_file(weights, path)
    assert "visual.proj holds NaN" in refused(f"clip:{copied}")


def test_a_pickle_that_runs_code_is_not_opened(copied: Path, tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Any, ...]:
            return (Path.touch, (tmp_path / "ran",))

    (copied / "open_clip_model.safetensors").unlink()
    torch.save({"w": Evil()}, copied / "open_clip_pytorch_model.bin")
    assert "does not open" in refused(f"clip:{copied}")
    assert not (tmp_path / "ran").exists()


def test_names_that_nobody_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "nearest name is ViT-B-32" in refused("clip:ViT-B-23/openai")
    assert "nearest name is pocket-clip" in refused("clip:poket-clip")
    assert "could not be fetched" in refused("clip:ViT-B-32/nothing")
    assert "dtype 'int8'" in _refused_with(dtype="int8")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert "use --device cpu" in _refused_with(device="cuda")


def _refused_with(**options: str) -> str:
    with pytest.raises(ValueError) as told:  # noqa: PT011
        open_backend("pocket-clip", **options)
    return str(told.value)


def test_a_hub_out_of_reach_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def unreachable(*_: Any, **__: Any) -> None:
        raise OSError("no route\nto host")

    monkeypatch.setattr(open_clip.factory, "download_pretrained", unreachable)
    monkeypatch.setattr(open_clip.factory, "download_pretrained_from_hf", unreachable)
    started = time.monotonic()
    for spec in ("clip:ViT-B-32/openai", "clip:hf-hub:nobody/nothing"):
        told = refused(spec)
        assert "no route to host" in told
        assert "a downloaded folder works" in told
    assert time.monotonic() - started < 60


def test_weights_of_openai_get_their_own_activation(monkeypatch: pytest.MonkeyPatch) -> None:
    wants = clip_loading._wants_quick_gelu
    assert wants("ViT-B-32", "openai")
    assert not wants("ViT-B-32-quickgelu", "openai")
    assert not wants("ViT-B-32", "laion2b_s34b_b79k")
    plain = {"quick_gelu": False, "url": "somewhere"}
    monkeypatch.setattr(open_clip.pretrained, "get_pretrained_cfg", lambda *_: plain)
    with pytest.raises(ValueError, match="drop '-quickgelu'"):
        wants("ViT-B-32-quickgelu", "other")


def test_hooks_read_tuples_and_other_orders() -> None:
    class Block(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.attn = torch.nn.Module()
            self.attn.batch_first = False

        def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, str]:
            return x + 1, "more"

    block, x = Block(), torch.randn(5, 2, 3)
    with outputs_of(block) as found:
        block(x)
    block(x)
    assert len(found) == 1
    assert torch.equal(residual(found, block, 2), (x + 1).transpose(0, 1))
    with pytest.raises(ValueError, match="put out 2 rows, wanted 5"):
        residual(found, block, 5)
    with pytest.raises(ValueError, match="wanted one"):
        residual([], block, 2)
    real = torch.tensor([[True, False], [True, True]])
    tokens = torch.tensor([[[1.0], [9.0]], [[1.0], [3.0]]])
    assert mean_over(tokens, real).tolist() == [[1.0], [2.0]]
