"""Several processes score what one would, resume what was left, and tell of one that was killed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.run.workers import THREADS, environment

ROOT = Path(__file__).resolve().parents[1]
KILLED = '''"""Ends its process."""
import os
from dataclasses import dataclass
from benchmark.contracts import Method


@dataclass(frozen=True)
class Killed(Method):
    def fit(self, data):
        os._exit(9)
'''

WAITING = '''"""Says who runs it and waits."""
import os, pathlib, time
from dataclasses import dataclass
from benchmark.contracts import Method


@dataclass(frozen=True)
class Waiting(Method):
    def fit(self, data):
        pathlib.Path(__file__).with_name(f"{os.getpid()}.pid").touch()
        time.sleep(300)
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
    for name in ("posthoc", "posthoc-greedy"):
        for field in ("steps=40", "n_latents=64", "k=4"):
            asked += ("--set", f"{name}.{field}")
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
    some = next(c["key"] for c in shared["cells"] if c["method"]["name"] == "posthoc")
    (tmp_path / "shared" / "cells" / f"{some}.json").unlink()
    code, again = ran(tmp_path / "shared", *asked, *tasks, "--workers", "2")
    assert code == 0, "a method of which some cells are there and some are not"
    assert numbers(again) == numbers(shared)


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


@pytest.mark.slow
def test_processes_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    file = tmp_path / "waiting.py"
    file.write_text(WAITING)
    asked = ["--backend", "synthetic:tiny", "--method", str(file), "--seed", "0", "1"]
    asked += ["--task", "reconstruction", "--output-path", str(tmp_path / "r"), "--workers", "2"]
    run = subprocess.Popen([sys.executable, "-m", "benchmark", "run", *asked], cwd=ROOT)
    try:
        until(lambda: list(tmp_path.glob("*.pid")))
    finally:
        run.kill()
        run.wait()
    pids = [int(each.stem) for each in tmp_path.glob("*.pid")]
    until(lambda: not any(map(at_work, pids)))


def at_work(pid: int) -> bool:
    """Whether a process is there and has not ended: an ended one may wait to be taken note of."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state not in "ZX"


def until(holds: Callable[[], Any], seconds: float = 60) -> None:
    """Waits for it."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, "it did not come to be"
        time.sleep(0.1)


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
