"""Models that cannot be had or trusted: each is one clear line."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import open_clip
import pytest
import torch
from safetensors.torch import load_file, save_file

from benchmark.backends import clip_opening
from benchmark.backends.clip import open_backend
from tests.tiny_clip import TEXT, save_folder


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    return save_folder(tmp_path / "copy", TEXT | {"hf_tokenizer_name": "own"})


def refused(spec: str) -> str:
    with pytest.raises(ValueError) as told:  # noqa: PT011
        open_backend(spec)
    assert "\n" not in str(told.value)
    return str(told.value)


def test_folders_that_are_not_whole(copied: Path, tmp_path: Path) -> None:
    assert "found nothing there" in refused(f"clip:{tmp_path / 'none'}")
    (tmp_path / "file").write_text("no folder")
    assert "found a file there" in refused(f"clip:{tmp_path / 'file'}")
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
    told = refused("clip:ViT-B-32/datacomp_xl")
    assert "no weights of ViT-B-32 are called datacomp_xl: the nearest: datacomp_xl_s13b" in told
    assert "there are: openai, laion400m_e31" in refused("clip:ViT-B-32/nothing")
    assert "wanted clip:ViT-B-32/TAG: there are: openai" in refused("clip:ViT-B-32/")
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
    wants = clip_opening.wants_quick_gelu
    assert wants("ViT-B-32", "openai")
    assert not wants("ViT-B-32-quickgelu", "openai")
    assert not wants("ViT-B-32", "laion2b_s34b_b79k")
    plain = {"quick_gelu": False, "url": "somewhere"}
    monkeypatch.setattr(open_clip.pretrained, "get_pretrained_cfg", lambda *_: plain)
    with pytest.raises(ValueError, match="drop '-quickgelu'"):
        wants("ViT-B-32-quickgelu", "other")
