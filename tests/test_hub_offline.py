"""The command line on a machine without network: a filled cache is enough, an empty one is told."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.results import read_document
from tests import hub_cache, tiny_duals, tiny_vlms

ROOT = Path(__file__).resolve().parents[1]
VLM, DUAL = tiny_vlms.KINDS["next_mistral"], tiny_duals.KINDS["siglip2"]
BACKENDS = (f"llava:{VLM.released}", f"dual:{DUAL.released}")


def run(cache: Path, here: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """`python -m benchmark run` as on a machine that was told not to ask the hub."""
    own = {"HF_HUB_OFFLINE": "1", "HF_HUB_CACHE": str(cache), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "benchmark", "run", "--task", "reconstruction", *words]
    return subprocess.run(
        [*command, "--output-path", "out", "--quiet"],
        cwd=here,
        env=os.environ | own | {"BENCHMARK_CACHE": str(here / "rows")},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.slow
def test_a_filled_cache_is_enough(tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    for kind in (VLM, DUAL):
        hub_cache.filled(hub, kind.released, kind.save(tmp_path / kind.released.partition("/")[2]))
    done = run(hub, tmp_path, "--method", "pca", "--limit", "4", "--backend", *BACKENDS)
    assert done.returncode == 0, done.stderr
    cells = read_document(tmp_path / "out" / "document.json").cells
    found = {cell.backend.name: cell.backend.revision for cell in cells}
    assert found == {
        BACKENDS[0]: f"{VLM.released}@{hub_cache.COMMIT}+isolated",
        BACKENDS[1]: f"{DUAL.released}@{hub_cache.COMMIT}",
    }
    assert {cell.status for cell in cells} <= {"scored", "not_applicable"}
    assert "scored" in {cell.status for cell in cells}


@pytest.mark.slow
@pytest.mark.parametrize("backend", [*BACKENDS, "clip:ViT-B-32/openai"])
def test_an_empty_cache_is_one_line_that_says_how_to_fill_it(tmp_path: Path, backend: str) -> None:
    done = run(tmp_path / "hub", tmp_path, "--method", "pca", "--backend", backend)
    assert done.returncode == 2
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    assert done.stderr.startswith(f"error: {backend}: the hub's cache ({tmp_path / 'hub'}) has")
    assert "without the hub in reach (HF_HUB_OFFLINE is set)" in done.stderr
    assert "run: hf download " in done.stderr
