"""Untrained controls: the same in all but its weights, which a seed draws and nobody stores."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import LlavaForConditionalGeneration

from benchmark.backends import clip_opening, expand, hosts, open_backend
from benchmark.backends.clip_names import ASSETS
from benchmark.backends.drawing import drawing
from benchmark.backends.llava import untrained
from benchmark.contracts import Need
from benchmark.recipes.contrastive import folder as clip_folder
from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import assembly, folders
from tests import tiny_clip, tiny_llava

SECOND = "multi_modal_projector.linear_2.weight"
LINEAR = ("whole", "host")
"""Models whose projector is linear."""


def clip(place: Path) -> Path:
    return tiny_clip.save_folder(place, tiny_clip.TEXT | {"hf_tokenizer_name": "own"})


def host(place: Path) -> Path:
    """A frozen pair: pocket-clip's tower, which an open_clip folder holds, and a language model."""
    language = place.parent / "language"
    tiny_llava.mouth().save_pretrained(language)
    tokenizer.save(language)
    shutil.copytree(ASSETS / "pocket-clip", place.parent / "tower")
    folders.describe(place, place.parent / "tower", language)
    folders.save_projector(assembly.opened(place, trained=False)[0], place)
    return place


KINDS: dict[str, Callable[[Path], Path]] = {
    "clip": clip,
    "whole": tiny_llava.save_folder,
    "next": tiny_llava.save_next_folder,
    "any-size": tiny_llava.save_any_size_folder,
    "host": host,
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A folder of each kind; each weight, biases and norms too, has moved as if it had learned."""
    root = tmp_path_factory.mktemp("models")
    made = {}
    for kind, save in KINDS.items():
        (root / kind).mkdir()
        made[kind] = save(root / kind / "model")
    for file in root.rglob("*.safetensors"):
        save_file({k: moved(v) for k, v in load_file(file).items()}, file, {"format": "pt"})
    return made


def moved(value: Tensor) -> Tensor:
    noise = torch.rand(value.shape, generator=torch.Generator().manual_seed(9))
    return value + (0.01 + 0.01 * noise).to(value.dtype)


def spec(models: dict[str, Path], kind: str, options: str = "?weights=untrained") -> str:
    return f"{'clip' if kind == 'clip' else 'llava'}:{models[kind]}{options}"


def opened(models: dict[str, Path], kind: str, options: str = "?weights=untrained") -> Any:
    return open_backend(spec(models, kind, options))


def generators() -> tuple[Any, ...]:
    return torch.get_rng_state().tolist(), random.getstate(), str(np.random.get_state())


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_weights_each_time_and_none_of_the_trained_ones(
    models: dict[str, Path], kind: str
) -> None:
    torch.manual_seed(5)
    before = generators()
    one = opened(models, kind)
    assert generators() == before
    torch.manual_seed(6)
    two, trained = opened(models, kind), opened(models, kind, "")
    assert one.revision == two.revision != trained.revision
    assert (one.preprocessing, one.sites) == (trained.preprocessing, trained.sites)
    assert one.provides == trained.provides
    learned, again = trained.model.state_dict(), two.model.state_dict()
    for name, value in one.model.named_parameters():
        assert value.dtype == torch.float32
        assert torch.equal(value, again[name]), name
        assert value.shape == learned[name].shape
        if kind != "host" or "linear_2" not in name:  # there the unit matrix, which nothing trains
            assert not torch.isclose(value, learned[name], rtol=0, atol=1e-6).all(), name
    assert not one.model.training


@pytest.mark.parametrize("kind", KINDS)
def test_it_reads_and_speaks_as_the_trained_one_does(models: dict[str, Path], kind: str) -> None:
    backend, trained = opened(models, kind), opened(models, kind, "")
    data = tiny_clip.Pictures() if kind == "clip" else tiny_llava.Pictures()
    for where in backend.sites[:2]:
        for modality in ("image", "text"):
            rows, others = (b.encode(data, modality, 0, 2, where) for b in (backend, trained))
            if isinstance(rows, Tensor):
                assert rows.shape == others.shape
                assert not torch.allclose(rows, others, atol=1e-3)
    if kind != "clip":
        asked = backend.ask(data.images(0, 2), tiny_llava.QUESTIONS[:2])
        assert len(backend.answers(asked, max_new_tokens=2)) == 2
        ends = [b.model.generation_config.eos_token_id for b in (backend, trained)]
        assert ends[0] == ends[1]


@pytest.mark.parametrize("kind", ["whole", "next", "any-size", "host"])
def test_norms_and_biases_are_as_the_class_has_them(models: dict[str, Path], kind: str) -> None:
    for module in opened(models, kind).model.modules():
        if "Norm" in type(module).__name__:
            assert (module.weight == 1).all()
        if isinstance(module, nn.LayerNorm | nn.Linear) and module.bias is not None:
            assert not module.bias.any()


@pytest.mark.parametrize("kind", LINEAR)
def test_a_linear_projector_stays_linear_and_the_rest_is_the_classes_own(
    models: dict[str, Path], kind: str
) -> None:
    model = opened(models, kind).model
    assert torch.equal(model.state_dict()[f"model.{SECOND}"], torch.eye(tiny_llava.WIDTH))
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        fresh = LlavaForConditionalGeneration(model.config)
    recipes = hosts.blank(opened(models, kind, "").model).state_dict()
    for name, value in fresh.state_dict().items():
        assert torch.equal(model.state_dict()[name], recipes[name]), name
        assert torch.equal(model.state_dict()[name], value) or "linear_2" in name, name


def test_open_clip_draws_its_own_as_the_recipe_does() -> None:
    backend, fresh = open_backend("pocket-clip-untrained"), clip_folder.fresh_model(0)
    for name, value in fresh.state_dict().items():
        assert torch.equal(backend.model.state_dict()[name], value), name


@pytest.mark.parametrize("kind", KINDS)
def test_no_file_of_weights_is_needed(models: dict[str, Path], kind: str, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(models[kind].parent, tmp_path / "copy"))
    there = opened({kind: copy / "model"}, kind, "")
    assert there.revision == opened(models, kind, "").revision
    for file in copy.rglob("*.safetensors"):
        file.unlink()
    bare = spec({kind: copy / "model"}, kind)
    assert expand([bare]) == [bare]
    assert open_backend(bare).revision == opened(models, kind).revision
    with pytest.raises(ValueError, match=r"safetensors"):
        open_backend(bare.partition("?")[0])


def test_other_weights_words_or_configuration_are_another_revision(
    models: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = [opened(models, kind).revision for kind in KINDS]
    for kind, file in (("clip", "open_clip_config.json"), ("whole", "tokenizer.json")):
        copy = Path(shutil.copytree(models[kind], tmp_path / kind))
        old, new = ("0.4", "0.45") if kind == "clip" else ('"cat"', '"kat"')
        (copy / file).write_text((copy / file).read_text().replace(old, new))
        seen.append(opened({kind: copy}, kind).revision)
    for module in (clip_opening, untrained, hosts):
        monkeypatch.setattr(module, "drawing", lambda *_: drawing(1))
    seen += [opened(models, kind).revision for kind in KINDS]
    assert len(set(seen)) == len(seen)


def test_other_precision_and_reading_are_options_beside(models: dict[str, Path]) -> None:
    single = opened(models, "whole").model.state_dict()
    both = opened(models, "whole", "?text_pass=joint&weights=untrained&dtype=bfloat16")
    assert both.revision.endswith("+joint")
    for name, value in both.model.state_dict().items():
        assert torch.equal(value, single[name].to(value.dtype)), name
    assert {value.dtype for value in both.model.parameters()} == {torch.bfloat16}


def test_the_projector_of_a_host_of_parts_may_be_trained(models: dict[str, Path]) -> None:
    assert Need.PROJECTOR in opened(models, "host").provides
    assert Need.PROJECTOR not in opened(models, "whole").provides
