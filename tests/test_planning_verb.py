"""The `plan` verb: what it prints, what it refuses, and that it leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from tests import hub_cache
from tests.test_run import FAST, TINY, one_error, run

LARGE = "llava:llava-hf/llava-v1.6-mistral-7b-hf?dtype=bfloat16"


def planned(capsys: pytest.CaptureFixture[str], *words: str) -> dict[str, Any]:
    """The plan of one backend, as data."""
    capsys.readouterr()
    assert main(["plan", *words, "--json", "-"]) == 0
    whole = json.loads(capsys.readouterr().out)
    (only,) = whole["backends"]
    return only


def test_cells_are_those_of_the_run_and_what_is_scored_is_seen(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BENCHMARK_CACHE", str(tmp_path / "store"))  # no other test's fits
    words = ["--method", "separated", "identity", *TINY, "--seed", "0", "1"]
    out = tmp_path / "out"
    (first, _) = planned(capsys, *words, "--output-path", str(out))["methods"]
    assert (first["method"], first["scored"], first["fits"]) == ("separated", 0, 2)
    assert not out.exists()
    cells = run(out, *words, *FAST).cells
    some = planned(capsys, *words, "--output-path", str(out))["methods"]
    assert [m["scored"] for m in some] == [2, 2]
    assert sum(m["scored"] for m in some) == len(cells)
    asked = planned(capsys, *words, "--task", "reconstruction", "--output-path", str(out))
    assert [m["fits"] for m in asked["methods"]] == [0, 0]
    assert asked["seconds"] == asked["starting_s"] > 0
    changed = planned(capsys, *words, "--set", "lr=0.1", "--output-path", str(out))["methods"]
    assert [m["scored"] for m in changed] == [0, 2]
    assert [m["fits_kept"] for m in changed] == [0, 2]


def test_a_plan_tells_the_seconds_of_every_cell(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "separated", "identity", *TINY, "--seed", "0", "1"]
    words += ["--task", "reconstruction", "retrieval", "--output-path", str(tmp_path / "no")]
    methods = planned(capsys, *words)["methods"]
    for method in methods:
        assert set(method["tasks"]) == {"reconstruction", "retrieval"}
        for task in method["tasks"].values():
            assert task["cells"] == 2
            assert task["cell_s"] > 0
            assert task["seconds"] == pytest.approx(2 * task["cell_s"])
        whole = sum(task["seconds"] for task in method["tasks"].values()) + method["encode_s"]
        assert method["score_s"] == pytest.approx(whole)
    assert main(["plan", *words]) == 0
    assert "a cell:" not in capsys.readouterr().out
    assert main(["plan", *words, "--explain"]) == 0
    said = capsys.readouterr().out
    (cell,) = [line for line in said.splitlines() if "scoring separated, a cell: " in line]
    assert "reconstruction " in cell
    assert "starting: 1.6 s of libraries, opening and records x " in said


def test_what_one_backend_imported_a_second_does_not(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "identity", "--task", "retrieval", "--json", "-"]
    words += ["--backend", "synthetic:tiny", "synthetic:alpha=.5", "pocket-clip"]
    assert main(["plan", *words, "--output-path", str(tmp_path / "no")]) == 0
    whole = json.loads(capsys.readouterr().out)
    first, second, third = (each["starting_s"] for each in whole["backends"])
    assert first > second == 0
    assert third > 0
    assert whole["seconds"] == pytest.approx(sum(each["seconds"] for each in whole["backends"]))


def test_every_task_that_does_not_apply_is_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--method", "identity", "--backend", "synthetic:tiny"]
    (method,) = planned(capsys, *words, "--output-path", str(tmp_path / "no"))["methods"]
    done = run(tmp_path / "out", *words, "--quiet").cells
    assert method["cells"] == len(done)
    absent = sum(cell.status == "not_applicable" for cell in done)
    assert method["not_applicable"] <= absent  # a task may find out only while it scores
    assert method["not_applicable"] >= absent - 2


def test_a_large_model_comes_with_its_arithmetic_unasked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")
    monkeypatch.setenv("COLUMNS", "300")
    words = ["plan", "--method", "posthoc", "--backend", LARGE, "--device", "h100"]
    assert main([*words, "--data", "coco", "--output-path", str(tmp_path / "no")]) == 0
    said = capsys.readouterr().out
    for line in (
        "llava-v1.6-mistral-7b-hf: 15.1 GB (assumed)",
        "data coco: 19.0 GB (assumed)",
        "figures are assumed: its config.json is not in the hub's cache",
        "weights: 7.57 B parameters x 2 bytes = 15.1 GB",
        "113,287 / 5,000 / 5,000 pictures (train / val / test) · block:16",
        "activations, image: 123,287 rows x 4,096 x 4 bytes = 2.02 GB",
        "of GPU memory are wanted, NVIDIA H100 has 80.0 GB: take --batch-size ",
        "usual figures, not measured",
    ):
        assert line in said
    assert not list(tmp_path.rglob("*.json"))


def test_imagenet_says_whose_terms_are_to_be_accepted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")
    words = ["--method", "posthoc", "--backend", "clip:ViT-B-32/openai", "--data", "imagenet"]
    model, data = planned(capsys, *words, "--output-path", str(tmp_path / "no"))["fetch"]
    assert data["page"] == "https://huggingface.co/datasets/ILSVRC/imagenet-1k"
    assert data["gated"] is True
    assert model["total"] == pytest.approx(4 * 151_277_313)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--method", "jsea"], "no method called jsea: did you mean jsae?"),
        (["--method", "jsae", "--task", "retreival"], "did you mean retrieval?"),
        (["--method", "jsae", "--backend", "pocket-clap"], "did you mean pocket-clip?"),
        (["--method", "jsae", "--data", "scnes"], "did you mean scenes?"),
        (["--method", "jsae", "--data", "hub:a/b"], "cannot be told before it is fetched"),
        (["--method", "jsae", "--set", "kk=3"], "has no field kk"),
        (["--method", "jsae", "--device", "cuda"], "name a GPU that is not here: b200, h200, h100"),
        (["--method", "jsae", "--device", "toaster"], "wanted auto, cpu, cuda"),
        (["--method", "jsae", "--site", "nowhere"], "has no site nowhere: there are embedding"),
        (["--method", "jsae", "--limit", "1"], "--limit 1: wanted at least 2 images"),
        (["--method", "jsae", "--output-path", ""], "--output-path is empty"),
        (["--method", "jsae", "--output-path", __file__], "it is no folder"),
        (["--method", "jsae", "--json", "."], "--json . is a folder"),
        (
            ["--method", "jsae", "--backend", "llava:org/unheard"],
            "its size, sites and time cannot be told before its config.json is fetched",
        ),
        (
            ["--method", "jsae", "--backend", "dual:org/unheard"],
            "hf download org/unheard config.json",
        ),
        (
            ["--method", "jsae", "--backend", "clip:hf-hub:org/unheard"],
            "hf download org/unheard open_clip_config.json",
        ),
        (
            ["--method", "jsae", "--backend", "pocket-llava", "--data", "coco"],
            "pocket-llava brings its own data, scenes",
        ),
        (["--method", "jsae", "--split", "all", "--backend", "synthetic:tiny"], "--split all"),
        ([], "--method"),
    ],
)
def test_bad_input_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    says: str,
) -> None:
    hub_cache.used(monkeypatch, tmp_path / "hub")
    assert says in one_error(capsys, "plan", *words)
