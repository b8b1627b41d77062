"""Dual encoders of transformers: numbers are each class's own, at every site, in every batch."""

from __future__ import annotations

import gc
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from transformers import AutoModel, AutoProcessor

from benchmark.activations.reading import activations
from benchmark.activations.store import Store
from benchmark.backends import expand, open_backend
from benchmark.backends.dual.backend import Dual
from benchmark.backends.dual.names import source
from benchmark.conformance.backend_case import BackendCase
from benchmark.conformance.backends import check_backend
from benchmark.conformance.promises import faults
from benchmark.contracts import Artifact, Backend, Need, Ragged, Site, Subject
from benchmark.sae.plain_dictionaries import identity
from benchmark.statistics import point_value
from tasks.reconstruction import Reconstruction
from tests import hub_cache
from tests.tiny_clip import Pictures
from tests.tiny_duals import KINDS, PATCH, SIDE, named_after
from tests.tiny_tokenizers import corpus

DATA = Pictures(px=SIDE)
ODD = Pictures(n=4, px=41, as_pil=True)
SIGMOID = ("siglip", "siglip2", "naflex")


class Library:
    """Model and processor as transformers' own examples use them."""

    def __init__(self, folder: Path, kind: str) -> None:
        attention = "eager" if kind == "aimv2" else None
        self.model = AutoModel.from_pretrained(folder, attn_implementation=attention).eval()
        self.processor, self.kind = AutoProcessor.from_pretrained(folder), kind

    @torch.no_grad()
    def __call__(self, pictures: Any, captions: list[str]) -> Any:
        pictures = [p if isinstance(p, Image.Image) else Image.fromarray(p) for p in pictures]
        more: dict[str, Any] = {"padding": True}
        if self.kind in SIGMOID:
            more = {"padding": "max_length", "max_length": 64, "truncation": True}
            captions = [caption.lower() for caption in captions]
        if self.kind == "naflex":
            own = self.processor.image_processor
            more |= {"patch_size": own.patch_size, "max_num_patches": own.max_num_patches}
        inputs = self.processor(images=pictures, text=captions, return_tensors="pt", **more)
        if self.kind in SIGMOID:
            inputs.pop("attention_mask", None)
        return self.model(**inputs, output_hidden_states=True)


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("duals")
    return {name: kind.save(place / name) for name, kind in KINDS.items()}


@pytest.fixture(scope="module")
def opened(folders: dict[str, Path]) -> dict[str, Dual]:
    return {name: open_backend(f"dual:{folder}") for name, folder in folders.items()}


@pytest.fixture(params=list(KINDS))
def kind(request: pytest.FixtureRequest) -> str:
    return request.param


def site(backend: Any, name: str) -> Site:
    return next(s for s in backend.sites if s.name == name)


def test_every_class_is_the_released_one(opened: dict[str, Dual], kind: str) -> None:
    backend = opened[kind]
    assert isinstance(backend, Backend)
    assert backend.model.config.model_type == KINDS[kind].model_type
    assert not backend.model.training
    assert backend.provides == {Need.SAME_WIDTH}
    names = ["embedding", "block:0", "block:1"]
    more = ["block:0/tokens", "block:1/tokens", "patches"]
    assert [s.name for s in backend.sites] == names + (more if kind != "naflex" else [])
    assert backend.patch_grid == (None if kind == "naflex" else (4, 4))
    for s in backend.sites:
        backend.model.get_submodule(s.image_module)
        backend.model.get_submodule(s.text_module)


@pytest.mark.parametrize("data", [DATA, ODD], ids=["arrays", "odd"])
def test_rows_are_the_librarys_own(
    opened: dict[str, Dual], folders: dict[str, Path], kind: str, data: Pictures
) -> None:
    backend, library = opened[kind], Library(folders[kind], kind)
    pictures, captions = data.images(0, 4), [c.upper() for c in data.captions[:4]]
    wanted = library(pictures, captions)
    own = {"image": wanted.image_embeds, "text": wanted.text_embeds}
    image = backend.encode(data, "image", 0, 4, backend.sites[0])
    text = backend.encode_texts(captions, backend.sites[0])
    unit = {m: rows / rows.norm(dim=1, keepdim=True) for m, rows in own.items()}
    assert (image - unit["image"]).abs().max() < 1e-5
    assert (text - unit["text"]).abs().max() < 1e-5
    scaled = text @ image.T * library.model.logit_scale.exp()
    logits = scaled + getattr(library.model, "logit_bias", 0.0)
    assert (logits - wanted.logits_per_text).abs().max() < 1e-3
    real = backend.texts(captions).real
    prefix = backend.towers.n_prefix
    for block in (0, 1):
        where = site(backend, f"block:{block}")
        tokens = wanted.text_model_output.hidden_states[block + 1]
        means = torch.stack([t[r].mean(0) for t, r in zip(tokens, real, strict=True)])
        assert (backend.encode_texts(captions, where) - means).abs().max() < 1e-4
        patches = wanted.vision_model_output.hidden_states[block + 1][:, prefix:]
        if kind != "naflex":
            rows = backend.encode(data, "image", 0, 4, where)
            assert (rows - patches.mean(1)).abs().max() < 1e-4
            each = backend.encode(data, "image", 0, 4, site(backend, f"block:{block}/tokens"))
            assert each.shape[1] == 16
            assert (each - patches).abs().max() < 1e-4


def test_batches_do_not_matter(opened: dict[str, Dual], kind: str) -> None:
    backend = opened[kind]
    for data in (DATA, ODD):
        for where in backend.sites:
            for modality in ("image", "text"):
                whole = backend.encode(data, modality, 0, 4, where)
                ones = [backend.encode(data, modality, i, i + 1, where) for i in range(4)]
                if isinstance(whole, Ragged):
                    assert whole.counts.tolist() == [int(one.counts) for one in ones]
                    assert torch.equal(backend.token_counts(data.captions[:4], where), whole.counts)
                    whole, ones = whole.rows, [one.rows for one in ones]
                assert (whole - torch.cat(ones)).abs().max() < 1e-4, (where.name, modality)


def test_texts_are_read_as_each_family_was_taught(opened: dict[str, Dual], kind: str) -> None:
    backend = opened[kind]
    captions = ["A Red CAT.", "the sun"]
    read = backend.texts(captions)
    ids, sigmoid = read.inputs["input_ids"], kind in SIGMOID
    assert ids.shape[1] == (64 if sigmoid else int(read.real.sum(1).max()))
    assert ("attention_mask" in read.inputs) == (not sigmoid)
    assert bool(read.real[:, 0].all())
    end = backend.texts.tokenizer.eos_token_id
    last = read.real.sum(1) - 1
    assert ids[torch.arange(2), last].tolist() == [end, end]
    assert not bool(read.real[torch.arange(2), (last + 1).clamp(max=ids.shape[1] - 1)][1])
    lower = backend.texts([caption.lower() for caption in captions])
    assert torch.equal(lower.inputs["input_ids"], ids) == (kind != "metaclip2")
    long = backend.texts([" ".join(["umbrella"] * 90)])
    assert long.inputs["input_ids"].shape[1] == (64 if sigmoid else 77)
    assert int(long.inputs["input_ids"][0, -1]) == end


def test_a_text_tower_that_looks_back_alone_does_so_without_padding_too(
    opened: dict[str, Dual],
) -> None:
    """What a caption goes on with moves none of its earlier tokens, alone in its batch or not."""
    for name in ("clip", "metaclip2", "aimv2"):
        backend, words = opened[name], ["a red cat", "a red umbrella"]
        where = site(backend, "block:1/tokens")
        alone = [backend.encode_texts([text], where).rows[:3] for text in words]
        assert (alone[0] - alone[1]).abs().max() < 1e-5, name


def test_a_marker_moves_the_tokens_of_its_own_patch(opened: dict[str, Dual], kind: str) -> None:
    """With attention silenced a token sees its own patch alone, so each place can be told."""
    if kind == "naflex":
        return
    backend = opened[kind]
    own = backend.model.vision_model.state_dict()
    silent = {
        f"vision_model.{name}": torch.zeros_like(value)
        for name, value in own.items()
        if "encoder" in name and "out_proj" in name
    }
    assert len(silent) >= 3
    deaf, plain = backend.patched(silent), np.full((1, SIDE, SIDE, 3), 90, dtype=np.uint8)
    where = site(deaf, "patches")
    for row, column in ((0, 0), (1, 2), (3, 3)):
        marked = plain.copy()
        top, left = row * PATCH, column * PATCH
        marked[:, top + 1 : top + PATCH - 1, left + 1 : left + PATCH - 1] = 250
        tokens = [deaf._of_pictures(pictures, [where])[0][0] for pictures in (plain, marked)]
        moved = (tokens[0] - tokens[1]).abs().amax(1)
        assert moved.nonzero().flatten().tolist() == [row * 4 + column]


def test_pictures_that_keep_their_shape_are_averaged_over_their_own_patches(
    opened: dict[str, Dual],
) -> None:
    backend = opened["naflex"]
    wide = [Image.new("RGB", size, "red") for size in ((64, 16), (32, 32), (16, 64))]
    inputs = backend.pictures(wide)
    counts = inputs["pixel_attention_mask"].sum(1).tolist()
    shapes = inputs["spatial_shapes"].prod(1).tolist()
    assert counts == shapes
    assert len(set(counts)) > 1 or max(counts) <= 16
    rows = backend._of_pictures(wide, backend.sites)
    for i, picture in enumerate(wide):
        alone = backend._of_pictures([picture], backend.sites)
        for found, one in zip(rows, alone, strict=True):
            assert (found[i] - one[0]).abs().max() < 1e-4


def test_it_keeps_the_promises_of_a_backend(opened: dict[str, Dual], kind: str) -> None:
    class Pooled(Dual):
        @property
        def sites(self) -> tuple[Site, ...]:
            return tuple(s for s in super().sites if s.pool != "none")

    first = Pooled(**vars(opened[kind]))
    again = Pooled(**vars(open_backend(first.name)))
    assert not faults(check_backend(BackendCase(first, Pictures(12, SIDE), lambda: again)))


def test_several_sites_of_one_pass(opened: dict[str, Dual], kind: str) -> None:
    backend = opened[kind]
    for modality in ("image", "text"):
        together = backend.encode_sites(DATA, modality, 0, 3, backend.sites)
        for where, found in zip(backend.sites, together, strict=True):
            one = backend.encode(DATA, modality, 0, 3, where)
            pair = (found.rows, one.rows) if isinstance(found, Ragged) else (found, one)
            assert torch.equal(*pair)


def test_no_more_than_one_batch_is_held(opened: dict[str, Dual], tmp_path: Path) -> None:
    """When a batch begins, nothing that the towers made of the batches before is alive."""
    backend = opened["siglip"]
    streams: weakref.WeakSet[torch.Tensor] = weakref.WeakSet()
    most: list[int] = []

    def begins(_module: Any, inputs: Any, kwargs: Any) -> None:
        del inputs, kwargs
        if len(streams):
            gc.collect()
        most.append(len(streams))

    hooks = []
    for tower in ("vision_model", "text_model"):
        module = backend.model.get_submodule(tower)
        hooks.append(module.register_forward_pre_hook(begins, with_kwargs=True))
        for block in module.encoder.layers:
            hooks.append(block.register_forward_hook(lambda _m, _i, out: streams.add(out)))
    for where in (site(backend, "block:1"), site(backend, "block:1/tokens")):
        store = Store(tmp_path / where.name.replace("/", "-"), say=lambda _: None)
        activations(backend, Pictures(24, SIDE), "test", where, store=store, batch_size=4)
    for hook in hooks:
        hook.remove()
    assert len(most) >= 12
    assert max(most) == 0


def test_a_task_is_scored(opened: dict[str, Dual], kind: str) -> None:
    backend = opened[kind]
    where = backend.sites[0]
    rows = activations(backend, DATA, "test", where, store=None, batch_size=5)
    width = rows.image.shape[1]
    artifact = Artifact(identity(width, width), where)
    subject = Subject(artifact, rows, rows, rows, 0, backend=backend, examples={"test": DATA})
    found = Reconstruction().score(subject)
    fvu = {name: point_value(each, name) for name, each in found.items() if "fvu" in name}
    assert fvu
    assert max(fvu.values()) < 1e-6


def test_options_and_spellings(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folders["clip"].parent)
    assert expand(["dual:./clip", f"dual:{folders['clip']}", "dual:clip?dtype=float32"]) == [
        "dual:./clip"
    ]
    assert source("dual:org/name@abc?dtype=bfloat16").repository.revision == "abc"
    half = open_backend(f"dual:{folders['clip']}?dtype=bfloat16")
    assert half.dtype == "bfloat16"
    rows = half.encode(DATA, "image", 0, 4, half.sites[0])
    whole = open_backend(f"dual:{folders['clip']}")
    assert rows.dtype == torch.float32
    assert (rows - whole.encode(DATA, "image", 0, 4, whole.sites[0])).abs().max() < 0.1
    one, two = (open_backend(f"dual:{folders['aimv2']}?weights=untrained") for _ in "12")
    assert one.revision == two.revision != open_backend(f"dual:{folders['aimv2']}").revision
    for modality in ("image", "text"):
        rows = [b.encode(DATA, modality, 0, 2, b.sites[0]) for b in (one, two)]
        assert torch.equal(*rows)
    for spec, says in (
        ("dual:", "wants a model after a colon"),
        ("dual:./nowhere", "found nothing there"),
        (f"dual:{tmp_path}", "has no config.json"),
        ("dual:clip?dtype=int8", "dtype is 'int8', wanted float32 or bfloat16 or float16"),
        ("dual:one", "wanted a folder of transformers or a hub id"),
    ):
        with pytest.raises(ValueError, match=r".") as told:
            expand([spec])
        assert says in str(told.value)
        assert "\n" not in str(told.value)


def refused(folder: Path) -> str:
    with pytest.raises(ValueError, match=r".") as told:
        open_backend(f"dual:{folder}")
    assert "\n" not in str(told.value)
    return str(told.value)


def test_what_does_not_fit_is_one_line(folders: dict[str, Path], tmp_path: Path) -> None:
    place = Path(shutil.copytree(folders["siglip"], tmp_path / "copy"))
    config = json.loads((place / "config.json").read_text())

    def wrote(**changes: Any) -> Path:
        (place / "config.json").write_text(json.dumps(config | changes))
        return place

    assert "of model_type 'llava', wanted a dual encoder" in refused(wrote(model_type="llava"))
    text = config["text_config"] | {"hidden_size": 32}
    assert "weights do not fit" in refused(wrote(text_config=text))
    text = config["text_config"] | {"num_hidden_layers": 3}
    assert "missing), wanted every one" in refused(wrote(text_config=text))
    wrote()
    (place / "preprocessor_config.json").unlink(missing_ok=True)
    (place / "processor_config.json").unlink(missing_ok=True)
    assert "does not open as model and processor" in refused(place)
    (place / "model.safetensors").write_bytes(b"short")
    assert "truncated or corrupt" in refused(place)


def test_a_tokenizer_that_wants_a_library_says_which(
    folders: dict[str, Path], tmp_path: Path
) -> None:
    place = Path(shutil.copytree(folders["siglip"], tmp_path / "slow"))
    named_after(place, "SiglipTokenizer")
    try:
        import sentencepiece  # noqa: F401
    except ImportError:
        line = refused(place)
        assert "it wants sentencepiece, which is not installed: pip install sentencepiece" in line


def test_the_released_tokenizer_of_siglip(folders: dict[str, Path], tmp_path: Path) -> None:
    """It is of sentencepiece: no case, no marks, padded on the right with its end token."""
    pieces = pytest.importorskip("sentencepiece")
    from transformers import SiglipTokenizer

    place = Path(shutil.copytree(folders["siglip"], tmp_path / "slow"))
    vocabulary = json.loads((place / "config.json").read_text())["text_config"]["vocab_size"]
    pieces.SentencePieceTrainer.train(
        sentence_iterator=iter(corpus()),
        model_prefix=str(tmp_path / "spiece"),
        vocab_size=vocabulary - 40,
        hard_vocab_limit=False,
        bos_id=-1,
        eos_id=1,
        unk_id=2,
        pad_id=0,
        minloglevel=2,
    )
    (place / "tokenizer.json").unlink()
    SiglipTokenizer(str(tmp_path / "spiece.model")).save_pretrained(place)
    backend = open_backend(f"dual:{place}")
    assert type(backend.texts.tokenizer).__name__ == "SiglipTokenizer"
    shouted, plain = backend.texts(["A Red CAT!"]), backend.texts(["a red cat"])
    assert torch.equal(shouted.inputs["input_ids"], plain.inputs["input_ids"])
    assert list(plain.inputs) == ["input_ids"]
    ids, n = plain.inputs["input_ids"][0], int(plain.real.sum())
    assert len(ids) == 64
    assert bool(plain.real[0, :n].all())
    assert ids[n - 1 :].tolist() == [backend.texts.tokenizer.eos_token_id] * (65 - n)
    whole = backend.encode(DATA, "text", 0, 4, backend.sites[0])
    ones = [backend.encode(DATA, "text", i, i + 1, backend.sites[0]) for i in range(4)]
    assert (whole - torch.cat(ones)).abs().max() < 1e-5


def test_the_hubs_cache_is_enough_and_its_commit_is_recorded(
    folders: dict[str, Path], kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = KINDS[kind].released
    hub_cache.used(monkeypatch, tmp_path)
    with pytest.raises(ValueError, match="the hub in reach") as told:
        open_backend(f"dual:{name}")
    line = str(told.value)
    assert "has nothing of it, and without the hub in reach (HF_HUB_OFFLINE is set)" in line
    assert f"hf download {name};" in line
    assert "\n" not in line
    snapshot = hub_cache.filled(tmp_path, name, folders[kind])
    backend, local = open_backend(f"dual:{name}"), open_backend(f"dual:{folders[kind]}")
    assert backend.revision == f"{name}@{hub_cache.COMMIT}"
    rows = [b.encode(DATA, "text", 0, 4, b.sites[0]) for b in (backend, local)]
    assert torch.equal(*rows)
    pinned = open_backend(f"dual:{name}@{hub_cache.COMMIT}")
    assert pinned.revision == backend.revision
    (snapshot / "model.safetensors").unlink()
    with pytest.raises(ValueError, match=r"has all but model\.safetensors"):
        open_backend(f"dual:{name}")
