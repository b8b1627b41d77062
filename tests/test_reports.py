"""What a reader sees: rows between floors and baselines, and only comparable ones side by side."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from rich.console import Console

from benchmark.__main__ import main
from benchmark.backends.planted import SIZES, canonical, parse
from benchmark.registry import ROOT
from benchmark.reports.figures import figure
from benchmark.reports.lineup import lineup
from benchmark.reports.names import short
from benchmark.reports.numbers import number
from benchmark.reports.panels import panels
from benchmark.reports.progress import Tally
from benchmark.reports.tables import nearest, print_tables
from benchmark.results import Cell, Document, ReferenceScore, Run, Score, document
from leaderboards.board.making import board
from leaderboards.board.sources import Source
from leaderboards.bundle import bundled
from leaderboards.readme import table
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


def test_floors_and_units_are_those_of_all_rows_and_one_s_own_ceiling_is_not_everybody_s():
    ran = [cell(method="jsae", scores=(main_score(0.4, floor=0.1, ceiling=0.7, n=20),))]
    theirs = [cell(scores=(main_score(0.8, floor=0.2, ceiling=0.9, n=300),))]
    panel = panels(ran, theirs)[PLACE]["retrieval"]
    assert (panel.floor, panel.ceiling) == (0.2, None)
    assert panel.sample.startswith("n = 20 to 300 ")
    assert panels(ran)[PLACE]["retrieval"].ceiling == 0.7
    assert panels(ran)[PLACE]["retrieval"].sample.startswith("n = 20 ")


def test_an_interval_of_shares_over_seeds_ends_at_one():
    shares = [main_score(v, interval="wilson", ci_low=0.8, ci_high=1.0) for v in (0.9, 0.97, 0.99)]
    cells = [cell(seed=s, scores=(score,)) for s, score in enumerate(shares)]
    (row,) = panels(cells)[PLACE]["retrieval"].rows
    assert row.high == 1.0


def test_of_bundled_methods_the_best_stand_beside_one_s_own():
    theirs = [
        cell(method=name, scores=(main_score(0.1 + i / 100),))
        for i, name in enumerate((*"abcdefghij", "random"))
    ]
    own = cell(method="mine", scores=(main_score(0.05),))
    here = panels([own], theirs)[PLACE]["retrieval"]
    lines = [each.name for each in nearest(here, lineup([here]))]
    assert lines == ["j", "i", "h", "g", "f", "mine", "random"]


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


def test_a_bundle_replaces_rows_and_leaves_failures_out():
    old = cell(scores=(main_score(0.3),))
    new = cell(config={"k": 8}, scores=(main_score(0.6),))
    failed = cell(method="jsae", status="failed", reason="no luck")
    (kept,) = bundled([old], [new, failed])
    assert kept.scores[0].value == 0.6


def shown(*cells: Cell, width: int = 140) -> str:
    """What the end of a run prints of these cells."""
    out = io.StringIO()
    print_tables(document(Run(), cells), Console(file=out, width=width))
    return out.getvalue()


def test_scores_of_single_doses_are_left_to_curves_and_to_the_document():
    single = Score(name="gain/dose:0.5", value=0.2, unit="image", n=50)
    told = shown(cell(scores=(main_score(0.4), single)))
    assert "r@1" in told
    assert "dose" not in told


# ------------------------------------------------------------------------------- names, numbers


@pytest.mark.parametrize("preset", SIZES)
def test_a_world_is_called_by_the_preset_it_equals(preset: str):
    assert short(canonical(parse(f"synthetic:{preset}"))) == f"synthetic:{preset}"
    more = short(canonical(parse(f"synthetic:{preset},alpha=.8,seed=3")))
    assert more == f"synthetic:{preset},alpha=0.8,seed=3"


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("pocket-clip", "pocket-clip"),
        ("synthetic", "synthetic"),
        ("synthetic:alpha=0.8", "synthetic:alpha=0.8"),
        ("clip:ViT-B-32/openai", "clip:ViT-B-32/openai"),
        ("clip:/a/long/way/to/model", "clip:…/model"),
    ],
)
def test_other_names_stay_or_lose_their_folders(name: str, said: str):
    assert short(name) == said


def test_the_record_keeps_the_canonical_name_and_people_read_the_short_one():
    tiny = canonical(parse("synthetic:tiny"))
    one = cell(backend=tiny, data=tiny)
    assert "n_shared=32" in one.model_dump_json()
    for said in (shown(one), Tally().line(one, kept=True)):
        assert "synthetic:tiny · " in said
        assert "n_shared" not in said


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (0.12345, "0.123"),
        (-5e-20, "0.000"),
        (2e-4, "2e-04"),
        (12.345, "12.35"),
        (1234.5, "1,234.5"),
    ],
)
def test_numbers_are_short_and_hide_nothing(value: float, said: str):
    assert number(value) == said


# --------------------------------------------------------------------------------- what is shown


def test_one_order_methods_then_controls_then_references():
    null = ReferenceScore(name="shuffled", kind="null", value=0.1)
    dense = ReferenceScore(name="dense", kind="baseline", value=0.9)
    more = {"floor": 0.1, "ceiling": 1.0, "references": (null, dense)}
    scores = (main_score(0.4, **more), main_score(0.2, variant="truncated"))
    cells = [
        cell(method="identity", scores=(main_score(0.9),)),
        cell(method="separated", scores=(main_score(0.3),)),
        cell(method="jsae", scores=scores),
        cell(method="jsae", task="other", scores=(main_score(0.1),)),
        cell(method="separated", task="other", scores=(main_score(0.8),)),
    ]
    found = panels(cells)[PLACE]
    lines = lineup(list(found.values()))
    names = ["jsae", "jsae (truncated)", "separated", "identity", "dense", "ceiling", "floor"]
    assert [line.name for line in lines] == names
    assert [line.kind for line in lines[2:5]] == ["method", "control", "baseline"]


@pytest.mark.parametrize("seeds", [1, 2, 3])
def test_the_interval_of_two_seeds_is_marked_and_kept(seeds: int):
    cells = [cell(seed=s, scores=(main_score(0.4 + s / 10),)) for s in range(seeds)]
    said = shown(*cells)
    assert ("‡ two seeds: interval wide by construction; use three or more" in said) is (seeds == 2)
    assert ("]‡" in said) is (seeds == 2)
    if seeds == 2:
        assert "0.450 [-0.448, 1.348]‡" in said
    markdown = table(board([Source(cells)], {}).tables[0])
    assert ("]‡" in markdown) is ("‡ two seeds" in markdown) is (seeds == 2)


def test_two_seeds_that_are_one_have_no_wide_interval():
    assert "‡" not in shown(*(cell(seed=s, scores=(main_score(0.4),)) for s in (0, 1)))


@pytest.mark.parametrize("width", [60, 80, 120])
def test_no_number_is_wrapped_or_cut(width: int):
    name = "jsae-noalign-posthoc"
    tasks = [f"task_number_{i}" for i in range(5)]
    cells = [cell(method=name, task=task, scores=(main_score(0.4, floor=0.1),)) for task in tasks]
    said = shown(*cells, width=width)
    assert "…" not in said
    rows = [line for line in said.splitlines() if line.strip().startswith(name) and "·" not in line]
    assert sum(line.count("0.400 [0.300, 0.500]") for line in rows) == len(tasks)
    assert max(map(len, said.splitlines())) <= width


def test_columns_that_say_nothing_are_left_out():
    assert "ceiling" not in shown(cell(scores=(main_score(0.4, floor=0.2),)))
    assert "ceiling" in shown(cell(scores=(main_score(0.4, ceiling=1.0),)))


# ---------------------------------------------------------------------------------- while it runs


def test_cells_of_an_earlier_run_are_told_as_kept():
    tally = Tally()
    timing = {"score": 2.0, "fit": 80.0}
    assert tally.line(cell(timing=timing), kept=False).endswith("r@1 0.500 (2 s, fit 80 s)")
    again = tally.line(cell(task="other", timing=timing), kept=False)
    assert again.endswith("r@1 0.500 (2 s)")
    assert tally.line(cell(seed=1), kept=True).endswith("seed 1 · retrieval: r@1 0.500 (kept)")
    absent = cell(method="identity", status="not_applicable", reason="needs sparse latents")
    assert tally.line(absent, kept=True).endswith("not applicable, needs sparse latents")
    assert tally.summary() == "2 scored, 1 kept, 1 not applicable"


def test_a_second_run_says_that_it_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    words = ["run", "--method", "identity", "--backend", "synthetic:tiny", "--output-path"]
    tasks = ["--task", "reconstruction", "--task", "modality_split"]
    for summary in ("1 scored, 0 kept, 1 not applicable", "0 scored, 1 kept, 1 not applicable"):
        assert main([*words, str(tmp_path), *tasks]) == 0
        said = capsys.readouterr().err
        assert said.splitlines()[-1] == summary
        assert ("(kept)" in said) is summary.startswith("0")
        assert "n_shared" not in said


def test_json_on_stdout_survives_a_method_that_prints(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    source = (ROOT / "methods" / "identity.py").read_text()
    noise = "import os\nprint('at import')\nos.write(1, b'from below\\n')\n"
    fit = "def fit(self, data: TrainingData) -> Artifact:\n"
    assert fit in source
    source = source.replace("import torch\n", f"import torch\n{noise}", 1)
    path = tmp_path / "prints.py"
    path.write_text(source.replace(fit, f"{fit}        print('from the fit')\n"))
    words = ["--backend", "synthetic:tiny", "--task", "reconstruction", "--json", "-"]
    assert main(["run", "--method", str(path), *words, "--output-path", str(tmp_path)]) == 0
    told = capfd.readouterr()
    assert [c.method.name for c in Document.model_validate_json(told.out).cells] == ["prints"]
    for said in ("at import", "from below", "from the fit"):
        assert said in told.err


# ------------------------------------------------------------------------------------------ lists


@pytest.mark.parametrize("what", ["methods", "tasks", "backends", "data"])
def test_a_list_keeps_to_the_width_of_the_terminal(
    what: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("COLUMNS", "80")
    assert main(["ls", what]) == 0
    narrow = capsys.readouterr().out
    assert max(map(len, narrow.splitlines())) <= 80
    monkeypatch.setenv("COLUMNS", "500")
    assert main(["ls", what]) == 0
    assert capsys.readouterr().out.split() == narrow.split()


def test_a_list_does_not_repeat_the_name(capsys: pytest.CaptureFixture[str]):
    assert main(["ls", "methods"]) == 0
    out = capsys.readouterr().out
    assert "JSAE: " not in out
    assert "Post-hoc: " not in out
    assert "presets: posthoc-greedy, " in out


def test_a_reader_that_goes_away_is_told_nothing():
    reading, writing = os.pipe()
    os.close(reading)
    command = [sys.executable, "-m", "benchmark", "ls", "methods"]
    found = subprocess.run(command, cwd=ROOT, stdout=writing, stderr=subprocess.PIPE, check=False)
    os.close(writing)
    assert (found.returncode, found.stderr) == (1, b"")


@pytest.mark.parametrize("verb", ["run", "compare"])
def test_help_says_what_goes_where(verb: str, capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit):
        main([verb, "--help"])
    said = capsys.readouterr().out
    assert "stderr" in said
    assert "stdout" in said
