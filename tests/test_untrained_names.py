"""Specs of untrained controls: one spelling each, one line where wrong, no weights from a hub."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch

from benchmark.backends import ALONE, MODULES, expand, open_backend
from benchmark.backends.clip import Clip
from benchmark.backends.clip_names import ASSETS
from benchmark.backends.llava import names
from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import folders
from tests import tiny_clip, tiny_llava

COMMIT = "0123456789abcdef0123456789abcdef01234567"


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_llava.save_folder(tmp_path_factory.mktemp("llava") / "tiny")


@pytest.fixture
def assets(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Assets with tiny models under the names that are shipped, their weights left out."""
    shutil.copytree(whole, tmp_path / "pocket-llava")
    tiny_llava.mouth().save_pretrained(tmp_path / "pocket-lm")
    tokenizer.save(tmp_path / "pocket-lm")
    shutil.copytree(ASSETS / "pocket-clip", tmp_path / "pocket-clip")
    for end in ("", "-ssl"):
        place = tmp_path / f"pocket-llava-frozen{end}"
        folders.describe(place, tmp_path / "pocket-clip", tmp_path / "pocket-lm")
    for file in tmp_path.rglob("*.safetensors"):
        file.unlink()
    monkeypatch.setattr(names, "ASSETS", tmp_path)
    return tmp_path


def refused(spec: str) -> str:
    with pytest.raises(ValueError, match=r".") as told:
        expand([spec])
    with pytest.raises(ValueError, match=r".") as again:
        open_backend(spec)
    assert str(again.value) == str(told.value)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_every_shipped_model_has_its_control_in_the_list() -> None:
    trained = [name for name in ALONE if not name.endswith("-untrained")]
    assert sorted(ALONE) == sorted([*trained, *(f"{name}-untrained" for name in trained)])
    assert {name for name in ALONE if "llava" in MODULES[name][0]} == {
        f"{name}{end}" for name in names.SHIPPED for end in ("", "-untrained")
    }


@pytest.mark.parametrize("name", names.SHIPPED)
def test_a_shipped_control_is_opened_from_the_trained_folder(assets: Path, name: str) -> None:
    control = f"{name}-untrained"
    one, two = open_backend(control), open_backend(f"{name}?weights=untrained")
    assert one.name == control
    assert one.revision == two.revision == open_backend(f"llava:{control}").revision
    assert one.revision == open_backend(f"llava:{assets / name}?weights=untrained").revision
    spellings = [control, f"{name}?weights=untrained", f"llava:{control}?dtype=float32"]
    assert expand(spellings) == [control]
    joint = f"{name}?text_pass=joint&weights=untrained"
    assert expand([joint, f"{control}?text_pass=joint"]) == [joint]
    assert names.source(joint).spelling == f"{control}?text_pass=joint"


def test_two_spellings_are_one(whole: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(whole.parent)
    for scheme, place in (("llava", whole), ("clip", ASSETS / "pocket-clip")):
        shutil.copytree(place, whole.parent / scheme)
        first = f"{scheme}:./{scheme}?weights=untrained"
        assert expand([first, f"{scheme}:{whole.parent / scheme}?weights=untrained"]) == [first]
        plain = f"{scheme}:./{scheme}"
        assert expand([plain, f"{plain}?weights=trained", first]) == [plain, first]
    found = ["pocket-clip?weights=untrained", "clip:pocket-clip-untrained", "pocket-clip-untrained"]
    assert expand([*found, "pocket-clip"]) == [found[0], "pocket-clip"]
    tag = "clip:ViT-B-32/openai?weights=untrained"
    assert expand([tag, "clip:ViT-B-32/openai", f"{tag}&"]) == [tag, "clip:ViT-B-32/openai"]


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("pocket-clip?weights=random", "weights is 'random', wanted trained or untrained"),
        ("pocket-clip?wieghts=untrained", "no option 'wieghts': did you mean weights?"),
        ("pocket-clip?weights=trained&weights=untrained", "weights is given twice"),
        ("pocket-clip-untrained?weights=trained", "has no trained weights, found weights=trained"),
        ("pocket-clip-untrained:x", "wants nothing after its name"),
        ("pocket-llava-frozen-untrained:x", "wants nothing after its name"),
        ("pocket-llava-untrained?weights=trained", "use pocket-llava"),
        ("pocket-llava?text_pass=both", "wanted isolated or joint"),
        ("synthetic?weights=untrained", "no backend called synthetic?weights=untrained"),
        ("clip:./nowhere?weights=untrained", "found nothing there"),
        ("llava:./nowhere?weights=untrained", "found nothing there"),
        ("clip:ViT-B-32?weights=untrained", "wanted clip:ViT-B-32/TAG"),
    ],
)
def test_a_wrong_spec_is_one_line(spec: str, says: str) -> None:
    assert says in refused(spec)


def test_a_shipped_model_that_is_not_there_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(names, "ASSETS", tmp_path)
    monkeypatch.setattr("benchmark.backends.clip_names.ASSETS", tmp_path)
    for spec in ALONE:
        line = refused(spec)
        assert f"{spec.removesuffix('-untrained')} is not in this installation" in line
        assert f"found nothing at {tmp_path}" in line
        assert "python -m benchmark.recipes.pocket_" in line


def test_a_folder_without_configuration_is_one_line(tmp_path: Path) -> None:
    assert "open_clip_config.json" in refused(f"clip:{tmp_path}?weights=untrained")
    assert "config.json" in refused(f"llava:{tmp_path}?weights=untrained")


def test_of_a_hub_id_the_configuration_is_enough(
    whole: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    repository = tmp_path / "models--somebody--tiny"
    shutil.copytree(whole, repository / "snapshots" / COMMIT)
    (repository / "snapshots" / COMMIT / "model.safetensors").unlink()
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text(COMMIT)
    for module in ("huggingface_hub.constants.HF_HUB_CACHE", "transformers.utils.hub.HF_HUB_CACHE"):
        monkeypatch.setattr(module, str(tmp_path), raising=False)
    monkeypatch.setattr("socket.getaddrinfo", nobody)
    backend = open_backend("llava:somebody/tiny?weights=untrained")
    assert backend.revision == open_backend(f"llava:{whole}?weights=untrained").revision
    with pytest.raises(ValueError, match="the hub in reach"):
        open_backend("llava:somebody/tiny")


def nobody(*_: Any, **__: Any) -> None:
    raise OSError("no name server")


def test_of_open_clips_own_names_the_configuration_is_enough(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    folder = tiny_clip.save_folder(tmp_path / "tiny", tiny_clip.TEXT)
    (folder / "open_clip_model.safetensors").unlink()
    config = {"embed_dim": 20, "vision_cfg": tiny_clip.VISION, "text_cfg": tiny_clip.TEXT}
    tag = {"mean": (0.5, 0.4, 0.3), "std": (0.2, 0.3, 0.4), "quick_gelu": True, "url": "nowhere"}
    monkeypatch.setitem(open_clip.factory._MODEL_CONFIGS, "tiny", config)
    monkeypatch.setitem(open_clip.pretrained._PRETRAINED, "tiny", {"mine": tag})
    monkeypatch.setattr(open_clip.factory, "download_pretrained", nobody)

    def configuration(_: str, *, filename: str, **__: Any) -> str:
        assert filename == "open_clip_config.json"
        return str(folder / filename)

    monkeypatch.setattr(open_clip.factory, "download_pretrained_from_hf", configuration)
    specs = ("clip:tiny/mine", "clip:hf-hub:somebody/tiny", f"clip:{folder}")
    found: list[Clip] = [open_backend(f"{spec}?weights=untrained") for spec in specs]
    for backend in found:
        assert backend.preprocessing == found[0].preprocessing
        for name, value in found[0].model.state_dict().items():
            assert torch.equal(value, backend.model.state_dict()[name]), name
    assert len({backend.revision for backend in found}) == 3
    assert "QuickGELU" in str(found[0].model)
    assert "QuickGELU" not in str(found[1].model)
    for spec in specs:
        with pytest.raises(ValueError, match=r"no name server|no file of weights|fetched"):
            open_backend(spec)
