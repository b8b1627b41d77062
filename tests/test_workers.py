"""Several processes score what one would, resume what was left, and tell of one that was killed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.run.workers import THREADS, environment

KILLED = '''"""Ends its process."""
import os
from dataclasses import dataclass
from benchmark.contracts import Method


@dataclass(frozen=True)
class Killed(Method):
    def fit(self, data):
        os._exit(9)
'''


def ran(folder: Path, *more: str) -> tuple[int, dict[str, Any]]:
    """A small run: exit code and document."""
    arguments = ["run", "--backend", "synthetic:tiny", "--output-path", str(folder), "--quiet"]
    code = main([*arguments, *more])
    return code, json.loads((folder / "document.json").read_text())


def numbers(found: dict[str, Any]) -> dict[str, Any]:
    """Scores by key, without the last digits, which sums of other threads move."""
    kept = {c["key"]: (c["status"], c["reason"], c["scores"]) for c in found["cells"]}
    text = json.dumps(kept)
    plain: dict[str, Any] = json.loads(text, parse_float=lambda x: round(float(x), 9) + 0.0)
    return plain


@pytest.mark.slow
def test_two_processes_score_what_one_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Presets, a case that does not apply, and a task that looks at the other seed."""
    asked = ("--method", "posthoc", "posthoc-greedy", "identity", "labelled", "--seed", "0", "1")
    asked += ("--set", "posthoc.steps=40", "--set", "posthoc-greedy.steps=40")
    tasks = ("--task", "reconstruction", "stability")
    found = []
    for name in ("alone", "shared"):
        monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / f"cache-{name}"))
        workers = ("--workers", "2") if name == "shared" else ()
        code, made = ran(tmp_path / name, *asked, *tasks, *workers)
        assert code == 0
        found.append(made)
    alone, shared = found
    assert [c["key"] for c in alone["cells"]] == [c["key"] for c in shared["cells"]]
    assert numbers(alone) == numbers(shared)
    assert {c["status"] for c in shared["cells"]} == {"scored", "not_applicable"}
    stamps = {p: p.stat().st_mtime_ns for p in (tmp_path / "shared" / "cells").iterdir()}
    assert numbers(ran(tmp_path / "shared", *asked, *tasks, "--workers", "2")[1]) == numbers(shared)
    assert stamps == {p: p.stat().st_mtime_ns for p in (tmp_path / "shared" / "cells").iterdir()}


@pytest.mark.slow
def test_a_killed_process_is_told_in_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "killed.py"
    file.write_text(KILLED)
    asked = ["run", "--backend", "synthetic:tiny", "--method", "pca", str(file), "--workers", "2"]
    assert main([*asked, "--task", "reconstruction", "--output-path", str(tmp_path / "r")]) != 0
    said = capsys.readouterr().err.strip().splitlines()[-1]
    assert "one of 2 workers was killed" in said
    assert "fewer --workers" in said


def test_what_was_made_anew_cannot_be_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["run", "--method", "pca", "--backend", "synthetic:tiny", "--workers", "2"]
    always = ["--overwrite-strategy", "always", "--output-path", str(tmp_path)]
    assert main([*asked, *always]) != 0
    assert "choose another --output-path" in capsys.readouterr().err


def test_processes_inherit_threads_and_leave_the_environment_as_it_was(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(THREADS[0], "7")
    monkeypatch.delenv(THREADS[1], raising=False)
    with environment({THREADS[0]: "1", THREADS[1]: "1"}):
        assert os.environ[THREADS[0]] == os.environ[THREADS[1]] == "1"
    assert os.environ[THREADS[0]] == "7"
    assert THREADS[1] not in os.environ
