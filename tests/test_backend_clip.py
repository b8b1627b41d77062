"""The open_clip backend: its numbers are the library's own, at every site and in every batch."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file

from benchmark.activations.reading import activations
from benchmark.activations.store import Store
from benchmark.backends.clip import Clip, open_backend
from benchmark.backends.hooks import mean_over, outputs_of, residual
from benchmark.contracts import Backend, Need
from tests import hub_cache
from tests.tiny_clip import PX, TEXT, Pictures, save_folder


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


def test_the_hubs_cache_is_enough_and_what_is_missing_is_named(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_cache.used(monkeypatch, tmp_path)
    for spec, repository in (
        ("clip:hf-hub:somebody/tiny", "somebody/tiny"),
        ("clip:ViT-B-32/openai", "timm/vit_base_patch32_clip_224.openai"),
    ):
        with pytest.raises(ValueError, match="without the hub in reach") as told:
            open_backend(spec)
        line = str(told.value)
        assert f"has nothing of {repository}, and" in line
        assert f"run: hf download {repository}; or bring its folder here" in line
        assert "\n" not in line
    hub_cache.filled(tmp_path, "somebody/tiny", folder)
    cached, local = open_backend("clip:hf-hub:somebody/tiny"), open_backend(f"clip:{folder}")
    for modality in ("image", "text"):
        rows = [b.encode(Pictures(), modality, 0, 4, b.sites[0]) for b in (cached, local)]
        assert torch.equal(*rows)
    assert cached.revision == open_backend("clip:hf-hub:somebody/tiny").revision
    pinned = open_backend(f"clip:hf-hub:somebody/tiny@{hub_cache.COMMIT}")
    assert pinned.revision == local.revision
    with pytest.raises(ValueError, match="hf download somebody/tiny --revision v9;"):
        open_backend("clip:hf-hub:somebody/tiny@v9")


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
