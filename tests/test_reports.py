"""What a reader sees: rows between floors and baselines, and only comparable ones side by side."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.reports.figures import figure
from benchmark.reports.panels import panels
from benchmark.reports.tables import print_tables
from benchmark.results import ReferenceScore, Run, Score, document
from leaderboards.bundle import bundled
from tests.records import cell

PLACE = ("pocket-clip", "scenes", "embedding", "test", "fair")


def main_score(value: float, **more: object) -> Score:
    facts = {"ci_low": value - 0.1, "ci_high": value + 0.1, "n": 50, "unit": "image", **more}
    return Score(name="r@1", main=True, value=value, se=0.05, higher_is_better=True, **facts)


def test_a_panel_holds_rows_best_first_with_what_they_are_read_against():
    null = ReferenceScore(name="shuffled", kind="null", value=0.1)
    dense = ReferenceScore(name="dense", kind="baseline", value=0.9)
    score = main_score(0.4, floor=0.1, ceiling=1.0, references=(null, dense))
    cells = [cell(scores=(score,)), cell(method="jsae", scores=(main_score(0.6),))]
    panel = panels(cells)[PLACE]["retrieval"]
    assert [row.method for row in panel.rows] == ["jsae", "posthoc"]
    assert (panel.floor, panel.ceiling, panel.baselines) == (0.1, 1.0, {"dense": 0.9})


def test_seeds_are_one_row_with_a_wider_interval():
    cells = [cell(seed=s, scores=(main_score(v),)) for s, v in enumerate((0.3, 0.4, 0.5))]
    (row,) = panels(cells)[PLACE]["retrieval"].rows
    assert row.value == pytest.approx(0.4)
    assert row.seeds == 3
    assert row.high is not None
    assert row.high - row.value > 0.1


def test_a_truncated_code_is_a_row_of_its_own():
    scores = (main_score(0.5), main_score(0.4, variant="truncated"))
    rows = panels([cell(scores=scores)])[PLACE]["retrieval"].rows
    assert [row.method for row in rows] == ["posthoc", "posthoc (truncated)"]


@pytest.mark.parametrize(
    "change", [{"version": 2}, {"revision": "r2"}, {"limit": 5}, {"split": "val"}, {"data": "coco"}]
)
def test_a_bundled_row_of_another_experiment_is_never_shown(change: dict[str, object]):
    ran = [cell(method="jsae")]
    assert len(panels(ran, [cell()])[PLACE]["retrieval"].rows) == 2
    assert len(panels(ran, [cell(**change)])[PLACE]["retrieval"].rows) == 1


def test_a_bundled_row_gives_way_to_the_same_method_of_the_run():
    rows = panels([cell(scores=(main_score(0.7),))], [cell()])[PLACE]["retrieval"].rows
    assert [(row.method, row.value, row.bundled) for row in rows] == [("posthoc", 0.7, False)]


def test_what_has_no_score_is_told_with_its_reason(tmp_path: Path):
    absent = cell(method="identity", status="not_applicable", reason="needs sparse latents")
    elsewhere = cell(method="identity", task="reconstruction", scores=(main_score(1.0),))
    told = document(Run(), [cell(scores=(main_score(0.5, floor=0.2),)), absent, elsewhere])
    out = io.StringIO()
    print_tables(told, Console(file=out, width=140))
    for said in ("posthoc", "0.500 [0.400, 0.600]", "floor", "0.200", "n/a"):
        assert said in out.getvalue()
    assert "identity not applicable: needs sparse latents" in out.getvalue()
    picture = figure(told, tmp_path / "figure.png")
    assert picture is not None
    assert picture.stat().st_size > 10_000


def test_no_figure_of_nothing(tmp_path: Path):
    absent = cell(status="failed", reason="no luck")
    assert figure(document(Run(), [absent]), tmp_path / "figure.png") is None


def test_a_bundle_replaces_rows_and_leaves_units_and_failures_out():
    units = {"units_file": "a.npz", "units_sha256": "0" * 64}
    old = cell(scores=(main_score(0.3),))
    new = cell(config={"k": 8}, scores=(main_score(0.6),), **units)
    failed = cell(method="jsae", status="failed", reason="no luck")
    (kept,) = bundled([old], [new, failed])
    assert kept.scores[0].value == 0.6
    assert kept.units_file is None
