"""Tasks that score all decoder blocks together: one cell a method, the method fitted at each."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.steering import cases


@pytest.fixture(autouse=True)
def _few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cases.N_CASES, "val", 2)  # type: ignore[arg-type]
    monkeypatch.setitem(cases.N_CASES, "test", 4)  # type: ignore[arg-type]
    monkeypatch.setattr(cases, "N_THINGS", 2)
    monkeypatch.setattr(cases, "N_CATEGORIES", 1)


def ran(folder: Path, *words: str) -> list[dict[str, Any]]:
    file = folder / "document.json"
    more = ("--limit", "80", "--output-path", str(folder), "--json", str(file), "--quiet")
    assert main(["run", *words, "--task", "steering_asymmetry", *more]) == 0
    return json.loads(file.read_text())["cells"]


def test_one_cell_speaks_of_all_blocks_and_is_kept(tmp_path: Path) -> None:
    words = ("--method", "labelled", "--backend", "pocket-llava", "--site", "block:1", "block:4")
    (cell,) = ran(tmp_path, *words)
    assert (cell["status"], cell["reason"]) == ("scored", None)
    assert cell["site"] == "block:1,block:4"
    names = {score["name"] for score in cell["scores"]}
    assert {"add/block:1", "supp/block:4", "add_minus_supp"} <= names
    assert "add/block:0" not in names
    assert set(cell["method"]["chosen"]) == {"block:1", "block:4"}
    assert len(list((tmp_path / "fits").glob("*.json"))) == 2
    assert len(list((tmp_path / "exhibits").glob("*.png"))) == 1
    (again,) = ran(tmp_path, *words)
    assert again["created"] == cell["created"]


@pytest.mark.parametrize(
    ("method", "backend", "reason"),
    [
        ("posthoc", "pocket-clip", "needs a backend that writes text"),
        ("vision-sae", "pocket-llava-frozen", "the method is for the site tower alone"),
    ],
)
def test_where_there_are_no_blocks_a_line_says_so(
    method: str, backend: str, reason: str, tmp_path: Path
) -> None:
    (cell,) = ran(tmp_path, "--method", method, "--backend", backend)
    assert cell["status"] == "not_applicable"
    assert reason in cell["reason"]
