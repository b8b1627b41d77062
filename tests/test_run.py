"""The `run` verb from command line to document: cells, resumption, statuses, one-line errors."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmark.__main__ import main
from benchmark.registry import ROOT
from benchmark.results import Document, read_document, same_document

TINY = ["--backend", "synthetic:tiny", "--set", "n_latents=64", "--set", "k=4", "--set", "steps=20"]
FAST = ["--task", "reconstruction", "--quiet"]


def run(folder: Path, *words: str) -> Document:
    """A run that must succeed, as its document."""
    code = main(["run", *words, "--output-path", str(folder)])
    assert code == 0
    return read_document(folder / "document.json")


def one_error(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """The single line of a command that must be refused with exit code 2."""
    try:
        code = main([*words])
    except SystemExit as stop:
        code = int(stop.code or 0)
    captured = capsys.readouterr()
    assert code == 2
    assert captured.out == ""
    lines = captured.err.strip().splitlines()
    assert len(lines) == 1, captured.err
    assert lines[0].startswith("error: ")
    return lines[0]


def test_a_run_says_everything(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["run", "--method", "posthoc", *TINY, "--task", "retrieval", "--output-path"]
    assert main([*words, str(tmp_path), "--json", str(tmp_path / "told.json")]) == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    for said in ("posthoc", "r@1", "floor", "cells:", "document:", "figure:"):
        assert said in shown.err
    told = read_document(tmp_path / "told.json")
    (cell,) = told.cells
    assert cell.status == "scored"
    assert cell.method.config["k"] == 4
    assert cell.method.given == {"n_latents": 64, "k": 4, "steps": 20}
    assert cell.method.checkpoint_sha256
    assert (tmp_path / "figure.png").stat().st_size > 10_000


def test_json_to_stdout_is_the_document(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["run", "--method", "identity", "--backend", "synthetic:tiny", *FAST, "--json", "-"]
    assert main([*words, "--output-path", str(tmp_path)]) == 0
    assert Document.model_validate_json(capsys.readouterr().out).cells


def test_two_runs_are_one_document_and_two_seeds_two_cells(tmp_path: Path):
    words = ["--method", "separated", *TINY, *FAST, "--seed", "0", "1"]
    first = run(tmp_path / "a", *words)
    assert same_document(first, run(tmp_path / "b", *words)) is None
    zero, one = first.cells
    assert zero.key != one.key
    assert zero.method.checkpoint_sha256 != one.method.checkpoint_sha256
    assert zero.scores[0].value != one.scores[0].value


def test_only_what_is_missing_is_run_again(tmp_path: Path):
    words = ["--method", "separated", *TINY, *FAST]
    run(tmp_path, *words)
    (record,) = (tmp_path / "cells").glob("*.json")
    stamp = record.stat().st_mtime_ns
    run(tmp_path, *words)
    assert record.stat().st_mtime_ns == stamp
    record.write_text(record.read_text()[:200])
    assert run(tmp_path, *words).cells[0].status == "scored"
    stamp = record.stat().st_mtime_ns
    run(tmp_path, *words, "--overwrite-strategy", "always")
    assert record.stat().st_mtime_ns != stamp


def test_never_overwrite_refuses(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["--method", "identity", "--backend", "synthetic:tiny", *FAST]
    run(tmp_path, *words)
    refused = ["run", *words, "--output-path", str(tmp_path), "--overwrite-strategy", "never"]
    assert "exists" in one_error(capsys, *refused)


def test_what_does_not_apply_says_why(tmp_path: Path):
    words = ["--method", "identity", "--backend", "synthetic:tiny", "--quiet"]
    found = {cell.task.name: cell for cell in run(tmp_path, *words).cells}
    assert found["modality_split"].status == "not_applicable"
    assert found["modality_split"].reason == "needs sparse latents"
    assert found["retrieval"].status == "scored"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--method", "jsea"], "no method called jsea: did you mean jsae?"),
        (["--method", "jsae", "--task", "retreival"], "did you mean retrieval?"),
        (["--method", "jsae", "--backend", "pocket-clap"], "did you mean pocket-clip?"),
        (["--method", "jsae", "--data", "scnes"], "did you mean scenes?"),
        (["--method", "jsae", "--set", "kk=3"], "has no field kk"),
        (["--method", "jsae", "--set", "k=x"], "wanted a whole number"),
        (["--method", "jsae", "--set", "k=-3"], "wanted a positive number"),
        (["--method", "jsae", "--device", "cuda"], "no cuda device"),
        (["--method", "jsae", "--device", "toaster"], "wanted auto, cpu, cuda"),
        (["--method", "jsae", "--site", "nowhere"], "has no site nowhere: there are embedding"),
        (["--method", "jsae", "--seed", "x"], "wanted a whole number from 0"),
        (["--method", "jsae", "--limit", "0"], "wanted a positive whole number"),
        (["--method", "jsae", "--split", "half"], "invalid choice: 'half'"),
        (["--method", "jsae", "--backend", "embeddings:no.npz"], "no.npz"),
        (["--method", "separated", "--backend", "synthetic:tiny", "--split", "all"], "--split all"),
        (["--method", "jsae", "--json", "."], "--json . is a folder"),
        ([], "--method"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
):
    assert says in one_error(capsys, "run", *words, "--output-path", str(tmp_path / "out"))
    assert not list(tmp_path.rglob("*.json"))


def test_an_unwritable_folder_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    (tmp_path / "file").write_text("in the way")
    words = ["run", "--method", "jsae", "--output-path", str(tmp_path / "file" / "out")]
    assert "cannot write to" in one_error(capsys, *words)


def test_a_disk_that_fills_ends_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("benchmark.sae.checkpoints.save_file", refuse)
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "store"))
    words = ["run", "--method", "separated", *TINY, *FAST, "--output-path", str(tmp_path / "out")]
    assert "No space left on device" in one_error(capsys, *words)
    assert not list((tmp_path / "out").rglob("*.json"))


def test_a_method_that_raises_is_a_status(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "raises.py"
    path.write_text(
        "class Raises:\n    needs = frozenset()\n    provides = frozenset()\n    fits = True\n"
        "    def fit(self, data):\n        raise RuntimeError('no luck\\nat all')\n"
    )
    words = ["run", "--method", str(path), "--backend", "synthetic:tiny", *FAST]
    said = one_error(capsys, *words, "--output-path", str(tmp_path / "out"))
    reason = "RuntimeError: no luck at all (line 6 of raises.py)"
    assert said == f"error: raises: {reason}"
    (cell,) = read_document(tmp_path / "out" / "document.json").cells
    assert (cell.status, cell.reason) == ("failed", reason)


def test_a_method_sees_labels_only_if_it_says_so(tmp_path: Path):
    path = tmp_path / "peeks.py"
    path.write_text(
        "from methods.identity import *\n"
        "class Peeks:\n    needs = frozenset()\n    provides = frozenset()\n    fits = True\n"
        "    def fit(self, data):\n"
        "        assert data.train.concepts is None and data.planted is None\n"
        "        raise ValueError('saw nothing')\n"
    )
    words = ["run", "--method", str(path), "--backend", "synthetic:tiny", *FAST]
    assert main([*words, "--output-path", str(tmp_path / "out")]) == 2
    (cell,) = read_document(tmp_path / "out" / "document.json").cells
    assert cell.reason == "saw nothing (line 8 of peeks.py)"


@pytest.mark.slow
def test_killed_at_any_moment_the_same_command_finishes(tmp_path: Path):
    words = ["run", "--method", "posthoc", *TINY, "--quiet", "--seed", "0", "1"]
    words += ["--task", "reconstruction", "retrieval"]
    assert main([*words, "--output-path", str(tmp_path / "whole")]) == 0
    command = [sys.executable, "-m", "benchmark", *words, "--output-path", str(tmp_path / "cut")]
    setting = {**os.environ, "PYTHONPATH": str(ROOT), "BENCHMARK_CACHE": str(tmp_path / "store")}
    moments = random.Random(0)
    for wait in (moments.uniform(0.5, 6) for _ in range(10)):
        with subprocess.Popen(command, env=setting) as process:
            time.sleep(wait)
            process.send_signal(signal.SIGKILL)
    subprocess.run(command, env=setting, check=True)
    whole, cut = (read_document(tmp_path / name / "document.json") for name in ("whole", "cut"))
    assert same_document(whole, cut) is None


def test_ls_knows_everything(capsys: pytest.CaptureFixture[str]):
    for what in ("methods", "tasks", "backends", "data"):
        assert main(["ls", what, "--json"]) == 0
        rows = json.loads(capsys.readouterr().out)
        assert all(row["name"] and row["summary"] for row in rows)
        assert main(["ls", what]) == 0
        assert all(row["name"] in capsys.readouterr().out for row in rows[:1])


@pytest.mark.parametrize("verb", ["run", "ls", "check", "compare"])
def test_every_verb_explains_itself(verb: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit) as stop:
        main([verb, "--help"])
    assert stop.value.code == 0
    assert "usage:" in capsys.readouterr().out
    assert "--help" in one_error(capsys, verb)


def test_a_name_never_means_two_files(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    path = tmp_path / "posthoc.py"
    path.write_text("class A:\n    def fit(self, data): ...\n")
    words = ["--output-path", str(tmp_path / "out")]
    assert "rename the file" in one_error(capsys, "run", "--method", str(path), *words)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("raise RuntimeError('bad [red]shape[n] [/x] here')", "bad [red]shape[n] [/x] here"),
        ("import sys; sys.exit(5)", "the fit called sys.exit(5)"),
        ("return 3", "returned int, wanted an Artifact"),
    ],
)
def test_whatever_a_fit_does_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], body: str, says: str
):
    path = tmp_path / "odd.py"
    path.write_text(
        "class Odd:\n    needs = frozenset()\n    provides = frozenset()\n    fits = True\n"
        f"    def fit(self, data):\n        {body}\n"
    )
    words = ["run", "--method", str(path), "--backend", "synthetic:tiny", *FAST]
    assert says in one_error(capsys, *words, "--output-path", str(tmp_path / "out"))
    assert main([*words[:-1], "--output-path", str(tmp_path / "shown")]) == 2
    assert says in capsys.readouterr().err
