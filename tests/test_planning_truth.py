"""A plan beside what a run then takes: files, memory and seconds, within a factor of 1.5."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.command.arguments import parser
from benchmark.contracts import silent
from benchmark.planning import asked
from benchmark.run.materials import gather, pick

ROOT = Path(__file__).resolve().parents[1]
FACTOR = 1.5
SMALL = ["--limit", "24", "--task", "reconstruction", "retrieval"]
SHORT = ["--set", "n_latents=64", "--set", "k=4", "--set", "steps=5"]
RUN = """
import sys, time
from pathlib import Path
if sys.argv[1] == "processor":
    time.perf_counter = time.process_time
from benchmark.__main__ import main
code = main(sys.argv[2:])
lines = [line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line]
print("TOOK", int(lines[0].split()[1]) * 1024, time.process_time(), file=sys.stderr)
sys.exit(code)
"""


def apart(store: Path, clock: str, *words: str) -> tuple[str, float, float]:
    """A command in a process of its own: its stdout, its peak in bytes, its processor's seconds.

    The peak is the kernel's own mark of this program: what `getrusage` says has the peak of the
    process that started it in it.
    """
    own = {"BENCHMARK_CACHE": str(store), "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", RUN, clock, *words],
        env=os.environ | own,
        cwd=store,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    peak, seconds = map(float, done.stderr.rpartition("TOOK")[2].split())
    return done.stdout, peak, seconds


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    capsys.readouterr()
    assert main(["plan", *words, "--json", "-"]) == 0
    (only,) = json.loads(capsys.readouterr().out)["backends"]
    return only


def read(backend: str, *words: str) -> None:
    """Reads the activations of a run, as the run would."""
    request, _ = asked.planned(parser().parse_args(["plan", *words]))
    opened = gather(backend, request, silent, print)
    sites = pick(opened.backend, request.sites)
    for site in sites:
        for split in ("train", "val", "test"):
            opened.at(site, along=sites).split(split)  # type: ignore[arg-type]


def near(told: float, true: float) -> bool:
    return true / FACTOR <= told <= true * FACTOR


@pytest.mark.parametrize(
    ("backend", "sites"),
    [
        ("pocket-clip", ["embedding", "patches"]),
        ("pocket-llava", ["block:1", "block:2/tokens", "tower"]),
    ],
)
def test_files_of_the_store_are_as_large_as_told_and_then_they_are_there(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    backend: str,
    sites: list[str],
) -> None:
    store = tmp_path / "store"
    monkeypatch.setenv("BENCHMARK_CACHE", str(store))
    words = ["--method", "separated", "--backend", backend, "--site", *sites, *SMALL]
    words += ["--output-path", str(tmp_path / "out")]
    before = planned(capsys, *words)
    assert not store.exists()
    assert before["store_known"]
    assert not any(part["there"] for part in before["activations"])
    read(backend, *words)
    files = [f for f in store.glob("*/*.npy") if not f.name.endswith(".counts.npy")]
    true = sum(file.stat().st_size for file in files)
    assert before["activation_bytes"] == pytest.approx(true, rel=0.01)
    after = planned(capsys, *words)
    assert all(part["there"] for part in after["activations"])
    assert after["reading"]["flops"] == 0 < before["reading"]["flops"]


@pytest.mark.slow
@pytest.mark.parametrize("backend", ["pocket-llava", "synthetic:tiny"])
def test_the_peak_of_memory_is_as_told(tmp_path: Path, backend: str) -> None:
    words = ["--method", "posthoc", "--backend", backend, *SMALL, *SHORT]
    text, *_ = apart(tmp_path, "clock", "plan", *words, "--json", "-")
    (plan,) = json.loads(text)["backends"]
    _, true, _ = apart(tmp_path, "clock", "run", *words, "--quiet", "--output-path", "out")
    assert near(plan["memory_bytes"], true), (plan["memory"], true)


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked",
    [
        "--backend pocket-clip --limit 400 --task reconstruction modality_split",
        "--backend pocket-llava --site block:2/tokens --limit 60 --set n_latents=256",
    ],
)
def test_seconds_are_as_told(tmp_path: Path, asked: str) -> None:
    """From its start to its end, in seconds of the processor, so that other programs beside do not
    count; three tries."""
    tried = []
    for attempt in range(3):
        folder = tmp_path / str(attempt)
        folder.mkdir()
        words = ["--method", "posthoc", *asked.split(), "--set", "steps=400"]
        text, *_ = apart(folder, "processor", "plan", *words, "--json", "-")
        (plan,) = json.loads(text)["backends"]
        *_, true = apart(folder, "processor", "run", *words, "--quiet", "--output-path", "out")
        tried.append((plan["seconds"], true))
        if near(*tried[-1]):
            return
    raise AssertionError(tried)
