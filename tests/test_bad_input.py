"""Bad input at the command line: one clear line, exit code 2, at once, and nothing left behind."""

from __future__ import annotations

import errno
import importlib
import logging
import os
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmark.__main__ import main
from benchmark.backends import MODULES
from benchmark.results import read_document

FAST = ["--task", "reconstruction", "--quiet"]
N, D = 30, 4


def rows(**changes: Any) -> dict[str, Any]:
    """Arrays of a sound embeddings file; None takes a key away."""
    rng = np.random.default_rng(0)
    arrays = {key: rng.standard_normal((N, D)).astype(np.float32) for key in ("image", "text")}
    return {key: value for key, value in (arrays | changes).items() if value is not None}


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a sound file of embeddings, and its own cache."""
    np.savez(tmp_path / "pairs.npz", **rows())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "cache"))
    return tmp_path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The one line of a run that must be refused before it has computed anything."""
    command = ["run", "--method", "identity", "--output-path", "out", *FAST, *words]
    assert main(command) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.count("\n") == 1, captured.err
    assert captured.err.startswith("error: ")
    assert not list(Path().rglob("cells"))
    assert not list(Path().rglob("document.json"))
    return captured.err


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"text": None, "txt": np.ones((N, D))}, "rename 'txt' → 'text'"),
        ({"image_ids": np.arange(N)}, "rename 'image_ids' → 'image_id'"),
        ({"Caption": np.array(["a"] * N)}, "rename 'Caption' → 'captions'"),
        ({"text": None, "words": np.ones((N, D))}, "found no 'text' but image, words"),
    ],
)
def test_a_misspelt_key_is_named_with_the_right_one(
    here: Path, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], says: str
) -> None:
    np.savez(here / "pairs.npz", **rows(**changes))
    told = refused(capsys, "--backend", "embeddings:pairs.npz")
    assert says in told
    assert "pairs.npz" in told


@pytest.mark.parametrize("quiet", [True, False])
def test_keys_that_mean_nothing_are_told_in_a_note(
    here: Path, caplog: pytest.LogCaptureFixture, quiet: bool
) -> None:
    np.savez(here / "pairs.npz", **rows(model=np.array("ViT"), text2=np.ones((N, D))))
    words = ["run", "--method", "identity", "--backend", "embeddings:pairs.npz", "--output-path"]
    assert main([*words, "out", *FAST[: 3 if quiet else 2]]) == 0
    notes = [record.getMessage() for record in caplog.records if "not read" in record.getMessage()]
    assert len(notes) == (0 if quiet else 1)
    assert all("model, text2" in note and "\n" not in note for note in notes)
    assert logging.getLogger("benchmark").level == (logging.ERROR if quiet else logging.WARNING)


@pytest.mark.parametrize("cache", ["file", "file/below", "loop", "x" * 300])
def test_a_cache_that_cannot_be_written_ends_the_run_at_once(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, cache: str
) -> None:
    (here / "file").write_text("in the way")
    (here / "loop").symlink_to(here / "loop")
    monkeypatch.setenv("BENCHMARK_CACHE", str(here / cache))
    told = refused(capsys, "--backend", "synthetic:tiny")
    assert f"cannot write to {here / cache}:" in told
    assert "set BENCHMARK_CACHE" in told


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--output-path", "pairs.npz"], "choose another --output-path"),
        (["--output-path", "pairs.npz/below"], "choose another --output-path"),
        (["--output-path", ""], "--output-path is empty"),
        (["--json", "pairs.npz/told.json"], "choose another --json"),
    ],
)
def test_a_place_that_cannot_be_written_is_told_before_anything_is_computed(
    here: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert says in refused(capsys, "--backend", "synthetic:tiny", *words)
    assert (here / "pairs.npz").is_file()


def test_a_full_disk_is_told_at_once(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(tempfile, "mkstemp", full)
    told = refused(capsys, "--backend", "synthetic:tiny")
    assert f"cannot write to {here / 'cache'}: No space left on device" in told


def test_without_a_home_folder_the_variable_to_set_is_named(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.is_dir()
    monkeypatch.setenv("BENCHMARK_CACHE", "~nobody-of-that-name/cache")
    assert "set BENCHMARK_CACHE" in refused(capsys, "--backend", "synthetic:tiny")


@pytest.mark.parametrize(
    ("spec", "says"),
    [
        ("embeddings", "a file of paired rows after a colon, as in embeddings:pairs.npz"),
        ("embeddings:", "as in embeddings:pairs.npz"),
        ("clip", "a model after a colon, as in clip:ViT-B-32/openai"),
        ("pocket-clip:small", "wants nothing after its name, found pocket-clip:small"),
        ("embedings:pairs.npz", "no backend called embedings:pairs.npz: did you mean embeddings?"),
        ("", "no backend called ''"),
        ("synthetic:alfa=.5", "no parameter alfa: did you mean alpha?"),
        ("synthetic:alpha=.5,alpha=.8", "alpha is given twice"),
        ("embeddings:none.npz", "none.npz: found nothing there"),
        ("embeddings:~nobody-of-that-name/a.npz", "no home folder is known"),
        ("embeddings:loop.npz", "symbolic links"),
        (f"embeddings:{'x' * 300}.npz", "File name too long"),
        ("clip:ViT-B-32", "wanted clip:ViT-B-32/TAG: there are: openai"),
        ("clip:ViT-B-32/opneai", "no weights of ViT-B-32 are called opneai: the nearest: openai"),
        ("clip:./nowhere", "found nothing there"),
    ],
)
def test_a_backend_that_is_wrong_on_its_face_stops_those_before_it_too(
    here: Path, capsys: pytest.CaptureFixture[str], spec: str, says: str
) -> None:
    (here / "loop.npz").symlink_to(here / "loop.npz")
    assert says in refused(capsys, "--backend", "synthetic:tiny", spec)


@pytest.mark.parametrize("name", sorted({module for module, _ in MODULES.values()}))
def test_every_backend_module_opens_a_spec_and_has_one_spelling_for_it(name: str) -> None:
    module = importlib.import_module(f"benchmark.backends.{name}")
    assert callable(module.open_backend)
    assert callable(module.spelling)


def test_two_spellings_of_one_backend_are_run_once(here: Path) -> None:
    twice = ["synthetic:tiny", "synthetic:tiny,alpha=.50", "embeddings:pairs.npz"]
    twice += [f"embeddings:{here / 'pairs.npz'}", "embeddings:./pairs.npz"]
    words = ["run", "--method", "identity", "--backend", *twice, "--output-path", "out", *FAST]
    assert main(words) == 0
    cells = read_document(here / "out" / "document.json").cells
    assert sorted(cell.backend.name[:6] for cell in cells) == ["embedd", "synthe"]


def test_a_limit_of_one_image_is_refused_with_the_reason(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert here.is_dir()
    told = refused(capsys, "--backend", "synthetic:tiny", "--limit", "1")
    assert "--limit 1: wanted at least 2 images of each split: one alone has no variance" in told


METHOD = '''"""A method."""
from dataclasses import dataclass
import torch
from benchmark.contracts import Artifact, Method
class Odd:
    def encode(self, x, modality):
        raise RuntimeError("no codes")
    def directions(self, modality):
        return torch.ones(2, 2)
@dataclass(frozen=True)
class Mine(Method):
    size: int = 3
    def fit(self, data):
        BODY
'''


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ("class Mine:\n    def fit(self, data): ...\n", "has no needs, provides, fits: subclass"),
        (METHOD.replace("    size: int = 3", "    needs = {'pairs'}"), "wanted a frozenset of Nee"),
        (METHOD.replace("size: int", "size: Itn"), "name 'Itn' is not defined"),
        (METHOD + "    def __post_init__(self):\n        {}['q']\n", "KeyError: 'q' (line 16 of m"),
        (METHOD + "PRESETS = {'a': 3}\n", "PRESETS['a'] is 3, wanted a mapping"),
        (METHOD + "PAPER = {'sise': 3}\n", "has no field sise: did you mean size?"),
        (METHOD.replace("from benchmark.c", "from benchmark.cont"), "(line 4 of mine.py)"),
        (METHOD + "\0", "mine.py: source code string cannot contain null bytes"),
    ],
)
def test_a_method_file_that_cannot_be_run_is_told_at_once(
    here: Path, capsys: pytest.CaptureFixture[str], source: str, says: str
) -> None:
    (here / "mine.py").write_text(source)
    words = ["--backend", "synthetic:tiny", "--variant", "both", "--method", "mine.py"]
    assert says in refused(capsys, *words)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("{}['x']", "KeyError: 'x' (line 14 of mine.py)"),
        ("int('x')", "invalid literal for int() with base 10: 'x' (line 14 of mine.py)"),
        ("return Artifact(Odd(), data.site)", "RuntimeError: no codes (line 7 of mine.py)"),
    ],
)
def test_what_a_fit_or_a_dictionary_raises_is_told_with_its_line(
    here: Path, capsys: pytest.CaptureFixture[str], body: str, reason: str
) -> None:
    (here / "mine.py").write_text(METHOD.replace("BODY", body))
    words = ["run", "--method", "mine.py", "--backend", "synthetic:tiny", "--output-path", "out"]
    assert main([*words, *FAST]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    (cell,) = read_document(here / "out" / "document.json").cells
    assert cell.status == "failed"
    assert cell.reason == reason
    assert f"error: mine: {cell.reason}\n" == told
