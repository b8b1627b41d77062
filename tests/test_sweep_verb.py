"""The `sweep` verb: a planted optimum is chosen on val alone; it resumes; bad grids are told."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.registry import ROOT
from benchmark.results import read_cells
from benchmark.run.materials import Materials
from benchmark.run.shelf import Shelf
from benchmark.sources import read
from tests.test_run import one_error

SHRINKS = '''"""Shrinks: x̂ = μ + w (x − μ), μ of val: explained variance there is 1 − (1 − w)²."""
from dataclasses import dataclass
from typing import Literal
import torch
from benchmark.contracts import Artifact, Method
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
PRESETS = {"half": {"w": 0.5}}


@dataclass(frozen=True)
class Shrinks(Method):
    w: float = 0.7
    kind: Literal["plain", "relu", "topk", "broken"] = "plain"
    idle: float | None = None
    sizes: tuple[int, ...] = (1,)

    def __post_init__(self):
        if not 0 <= self.w <= 2:
            raise ValueError(f"w is {self.w}, wanted 0 to 2")

    def fit(self, data):
        if self.kind == "broken" and data.seed == 1:
            raise RuntimeError("no luck")
        towers = {m: self.tower(data.val.rows(m)) for m in ("image", "text")}
        frame = Same(towers["image"].d_sae)
        k = None if self.kind == "plain" else 2
        return Artifact(Paired(**towers, frame=frame), data.site, k=k, chosen={"w": self.w})

    def tower(self, rows):
        one = torch.eye(rows.shape[1])
        if self.kind == "plain":
            return Tower(one, torch.zeros(len(one)), self.w * one, rows.mean(0), 1.0, "identity")
        both = torch.cat([one, -one])
        gate = {"activation": "topk", "k": 2} if self.kind == "topk" else {"activation": "relu"}
        return Tower(both.T.contiguous(), torch.zeros(len(both)), both, rows.mean(0), **gate)
'''
GOODNESS = '''"""Goodness: a known function of the field w, with its peak at .8, and others of w."""
from dataclasses import dataclass
from typing import ClassVar, Literal
import numpy as np
from benchmark.contracts import Metric, Task, Units


@dataclass(frozen=True)
class Goodness(Task):
    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "How good?"
    version: ClassVar[int] = 1
    metrics: ClassVar = (
        Metric("goodness", "image", True, "1 − (w − .8)² + .004 seed", main=True),
        Metric("kept", "image", True, "1 − (1 − w)²"),
        Metric("lost", "image", False, "(1 − w)²"),
        Metric("neither", "image", None, "no better end"),
    )

    def score(self, subject):
        w, n = subject.artifact.chosen["w"], subject.test.n_images
        found = {"goodness": 1 - (w - 0.8) ** 2, "kept": 1 - (1 - w) ** 2}
        found |= {"lost": (1 - w) ** 2, "neither": 1.0}
        found["goodness"] += 0.004 * subject.seed
        spread = np.linspace(-0.1, 0.1, n)
        return {name: Units(value + spread) for name, value in found.items()}
'''
GRID = ("--grid", "w=0.5,0.7,0.8,0.9,1")
TOY = ("--task", "goodness.py", "--x", "kept", "--y", "goodness")
REAL = ("--task", "reconstruction", "goodness.py", "--limit", "40")
METHOD = ("--method", "shrinks.py", "--backend", "synthetic:tiny")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A method with a planted optimum and a task that sees it, in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("shrinks.py").write_text(SHRINKS)
    Path("goodness.py").write_text(GOODNESS)
    return tmp_path


def swept(*words: str, code: int = 0, out: str = "out") -> dict[str, Any]:
    """What `sweep.json` says of a sweep that ends with this code."""
    assert main(["sweep", *METHOD, *words, "--quiet", "--output-path", out]) == code
    return json.loads(Path(out, "sweep.json").read_text())


def by_w(found: dict[str, Any]) -> dict[float, dict[str, Any]]:
    return {point["values"]["w"]: point for point in found["places"][0]["points"]}


def test_the_optimum_that_was_planted_is_chosen_by_the_rule() -> None:
    found = swept("--grid", "w=0.5,0.8,0.9,1", *REAL)
    assert (found["split"], found["grid"]) == ("val", {"w": [0.5, 0.8, 0.9, 1.0]})
    assert found["metrics"]["x"]["name"] == "explained_variance"
    for w, point in by_w(found).items():
        x, y = point["metrics"]
        assert x["mean"] == pytest.approx(1 - (1 - w) ** 2, abs=1e-5)
        assert y["mean"] == pytest.approx(1 - (w - 0.8) ** 2)
        assert point["candidate"] is (w != 0.7) is not point["default"]
        assert point["frontier"] is (w >= 0.8)
        assert point["keeps_x"] is (w >= 0.9)
    assert found["places"][0]["chosen"] == {"w": 0.9}
    assert found["places"][0]["least_x"] == pytest.approx(0.98, abs=1e-5)


def test_means_and_intervals_are_over_seeds() -> None:
    point = by_w(swept(*GRID, *TOY, "--seed", "3", "5"))[0.9]
    kept, goodness = point["metrics"]
    assert (kept["task"], kept["name"], goodness["name"]) == ("goodness", "kept", "goodness")
    assert goodness["seeds"] == {"3": pytest.approx(1.002), "5": pytest.approx(1.01)}
    assert goodness["mean"] == pytest.approx(1.006)
    reach = 12.706 * ((0.008**2 / 2) / 2) ** 0.5
    assert goodness["ci_high"] - goodness["mean"] > reach
    gain = point["y_over_default"]
    assert [gain[name] for name in ("value", "low", "high")] == pytest.approx([0, 0, 0], abs=1e-9)
    assert gain["p_holm"] == 1


@pytest.mark.parametrize(
    ("words", "chosen"),
    [
        (["--keep", "0"], 1.0),
        (["--keep", "0.02"], 0.9),
        (["--keep", "0.05"], 0.8),
        (["--keep", "5%"], 0.8),
        (["--keep", "3.9%"], 0.9),
        (["--y", "lost"], 1.0),
        (["--x", "lost", "--keep", "0.05"], 0.8),
        (["--x", "goodness", "--y", "kept"], 0.9),
    ],
)
def test_what_may_be_given_up_decides(words: list[str], chosen: float) -> None:
    assert swept(*GRID, *TOY, *words)["places"][0]["chosen"] == {"w": chosen}


def test_equals_go_to_the_smaller_value() -> None:
    found = swept("--grid", "w=1,0.6,1.1,0.5", *TOY, "--keep", "0.2")
    assert found["places"][0]["chosen"] == {"w": 0.6}


def test_nothing_of_test_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked, whole = set(), Materials._read

    def watched(self: Materials, name: Any) -> Any:
        asked.add(name)
        return whole(self, name)

    monkeypatch.setattr(Materials, "_read", watched)
    swept(*GRID, *TOY)
    assert asked == {"train", "val"}
    assert {cell.split for cell in read_cells(Path("out/cells")).cells} == {"val"}


def test_more_active_latents_than_the_budget_are_not_what_is_chosen() -> None:
    found = swept("--grid", "kind=topk,relu", *REAL)
    dense = {point["values"]["kind"]: point for point in found["places"][0]["points"]}
    cells = read_cells(Path("out/cells")).cells
    full = {s.value for c in cells for s in c.scores if s.main and s.variant == "full"}
    assert max(full) > 0.99
    assert dense["relu"]["l0"]["image"] > 10 > dense["topk"]["l0"]["image"]
    means = {kind: dense[kind]["metrics"][0]["mean"] for kind in dense}
    assert means["relu"] == pytest.approx(means["topk"])
    assert found["places"][0]["chosen"] == {"kind": "topk"}
    assert dense["plain"]["candidate"] is False


def test_a_sweep_that_was_killed_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    words = (*GRID, *TOY, "--seed", "0", "1")
    whole = swept(*words, out="whole")
    put, left = Shelf.put_scored, iter(range(3))

    def dies(self: Shelf, *args: Any) -> Any:
        if next(left, None) is None:
            raise KeyboardInterrupt
        return put(self, *args)

    monkeypatch.setattr(Shelf, "put_scored", dies)
    assert main(["sweep", *METHOD, *words, "--output-path", "cut"]) == 130
    assert not Path("cut/sweep.json").exists()
    stamps = {path: path.stat().st_mtime_ns for path in Path("cut").rglob("*.json")}
    assert len(list(Path("cut/cells").glob("*.json"))) == 3
    monkeypatch.setattr(Shelf, "put_scored", put)
    cut = swept(*words, out="cut")
    assert stamps == {path: path.stat().st_mtime_ns for path in stamps}
    assert {**cut, "run": None} == {**whole, "run": None}


def test_a_run_finds_the_fit_and_the_cell_of_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    swept(*GRID, *TOY)
    fits = {path: path.stat().st_mtime_ns for path in Path("out/fits").iterdir()}
    run = ["run", *METHOD, "--set", "w=0.9", "--task", "goodness.py", "--output-path", "out"]
    assert main([*run, "--split", "val"]) == 0
    assert "0 scored, 1 kept" in capsys.readouterr().err
    assert main(run) == 0
    assert "1 scored, 0 kept" in capsys.readouterr().err
    assert fits == {path: path.stat().st_mtime_ns for path in Path("out/fits").iterdir()}


def test_a_cell_of_an_earlier_run_is_a_point(capsys: pytest.CaptureFixture[str]) -> None:
    run = ["run", *METHOD, "--split", "val", "--task", "goodness.py", "--output-path", "out"]
    assert main(run) == 0
    capsys.readouterr()
    assert main(["sweep", *METHOD, *GRID, *TOY, "--output-path", "out"]) == 0
    assert "4 scored, 1 kept" in capsys.readouterr().err


def test_what_is_told_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", *METHOD, *GRID, *TOY, "--seed", "0", "1", "--output-path", "out"]
    assert main([*words, "--preset", "most"]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("chosen: w=0.9\n")
    assert (
        "NOT resolved from the default: goodness +0.000 [0.000, 0.000] over the default, w=0.7"
        in out
    )
    assert "w=0.8 has the best goodness of the grid, by 0.010, but its kept is 0.030 worse" in out
    for said in (
        "5 points × 2 seeds × 1 task,",
        "5/5 w=1 · ",
        "kept ↑",
        "chosen, frontier",
        "sweep.json",
    ):
        assert said in err
    assert Path("out/sweep.png").stat().st_size > 10_000
    (line,) = [line for line in out.splitlines() if "on test:" in line]
    python, minus_m, package, *run = shlex.split(line.partition("on test: ")[2])
    assert (python, minus_m, package) == ("python", "-m", "benchmark")
    assert main([*run, "--task", "goodness.py", "--output-path", "test", "--quiet"]) == 0
    cells = read_cells(Path("test/cells")).cells
    assert {(c.split, c.seed, c.method.config["w"]) for c in cells} == {
        ("test", s, 0.9) for s in (0, 1)
    }


def test_the_preset_that_is_shown_is_the_choice(capsys: pytest.CaptureFixture[str]) -> None:
    words = (*GRID, *TOY, "--set", "sizes=2,3", "--grid", "idle=none,0.5", "--preset", "most")
    assert main(["sweep", *METHOD, *words, "--output-path", "out"]) == 0
    entry = capsys.readouterr().out.partition("for PRESETS of shrinks.py: ")[2].splitlines()[0]
    assert entry == '"most": {"sizes": (2, 3), "w": 0.9, "idle": None},'
    Path("shrinks.py").write_text(SHRINKS.replace('"half"', f'{entry} "half"'))
    fields = read(Path("shrinks.py"), "method").presets["most"]
    assert fields == {"sizes": (2, 3), "w": 0.9, "idle": None}
    bare = SHRINKS.replace('PRESETS = {"half": {"w": 0.5}}', "")
    Path("shrinks.py").write_text(bare)
    assert main(["sweep", *METHOD, *words, "--output-path", "out"]) == 0
    line = capsys.readouterr().out.partition("for PRESETS of shrinks.py: ")[2].splitlines()[0]
    Path("shrinks.py").write_text(f"{line}\n{bare}")
    assert read(Path("shrinks.py"), "method").presets == {"most": fields}


def test_a_choice_that_is_resolved_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", *METHOD, *GRID, *TOY, "--keep", "0.05", "--output-path", "out"]
    assert main(words) == 0
    said = capsys.readouterr().out
    assert (
        "better on val: goodness +0.010 [0.010, 0.010] over the default, w=0.7, p = 0.002" in said
    )
    assert "one seed: nothing is known of others" in said
    assert main([*words, "--grid", "idle=none,1", "--set", "kind=plain"]) == 0


def test_every_backend_has_its_own_choice(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["sweep", *METHOD, "synthetic:tiny,alpha=0.8", *GRID, *TOY, "--json", "-"]
    assert main([*words, "--output-path", "out"]) == 0
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert [place["chosen"] for place in told["places"]] == [{"w": 0.9}] * 2
    assert len({place["backend"] for place in told["places"]}) == 2
    assert "chosen on synthetic:tiny at embedding: w=0.9" in err
    assert "chosen on synthetic:tiny,alpha=0.8 at embedding: w=0.9" in err


def test_a_point_that_failed_is_left_out_and_told(capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--grid", "kind=broken,plain", *TOY, "--seed", "0", "1", "--output-path", "out"]
    assert main(["sweep", *METHOD, *words]) == 2
    out, err = capsys.readouterr()
    assert "chosen: kind=plain" in out
    assert "kind=broken: failed (seed 0): RuntimeError: no luck" in err
    assert "error: shrinks: RuntimeError: no luck" in err
    points = json.loads(Path("out/sweep.json").read_text())["places"][0]["points"]
    assert [point["missing"] is None for point in points] == [False, True]
    assert [point["chosen"] for point in points] == [False, True]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--grid", "ww=1,2"], "shrinks has no field ww: did you mean w?"),
        (["--grid", "w=0.1,a"], "--grid w=a: wanted a number, found 'a'"),
        (["--grid", "kind=plain,odd"], "wanted one of plain, relu, topk, broken"),
        (["--grid", "w=0.1,,0.2"], "--grid w=0.1,,0.2: found an empty value"),
        (["--grid", "w="], "found an empty value"),
        (["--grid", "w"], "--grid w: wanted FIELD=VALUE,VALUE"),
        (["--grid", "=1,2"], "wanted FIELD=VALUE,VALUE"),
        (["--grid", "w=0.1,0.10"], "0.1 and 0.10 are one value"),
        (["--grid", "w=0.1,1", "--grid", "w=0.5"], "--grid w is given twice"),
        (["--grid", "w=0.5"], "--grid holds one point"),
        (["--grid", "w=1,3"], "w is 3.0, wanted 0 to 2"),
        (["--grid", "w=1,nan"], "wanted a number, found 'nan'"),
        ([*GRID, "--set", "w=1"], "w is in --grid and in --set"),
        ([*GRID, "--set", "v=1"], "has no field v"),
        ([*GRID, "--split", "test"], "invalid choice: 'test'"),
        ([*GRID, "--method", "posthoc"], "wanted one method"),
        ([*GRID, "--task", "localization"], "localization itself chooses on val"),
        ([*GRID, "--task", "goodness.py"], "wanted another --task, or a --y"),
        ([*GRID, *TOY, "--x", "goodness"], "--x and --y are both goodness"),
        ([*GRID, *TOY, "--y", "neither"], "neither end of it is better"),
        ([*GRID, *TOY, "--y", "goodnes"], "did you mean goodness?"),
        ([*GRID, *TOY, "--y", "r@1"], "--y r@1 is measured by retrieval: add it to --task"),
        ([*GRID, "--keep", "-1"], "--keep -1: wanted a number from 0"),
        ([*GRID, "--keep", "some"], "--keep some: wanted a number from 0"),
        ([*GRID, "--preset", "half"], "--preset half: shrinks has one already"),
        ([*GRID, "--preset", "Two Words"], "wanted small letters"),
        ([*GRID, "--json", "."], "--json . is a folder"),
        ([], "--grid"),
    ],
)
def test_a_bad_grid_is_one_line_before_anything_runs(
    capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert says in one_error(capsys, "sweep", *METHOD, *words, "--output-path", "out")
    assert not list(Path().rglob("*.json"))


def test_help_starts_without_torch() -> None:
    code = "import sys\nfrom benchmark.__main__ import main\ntry:\n    main(['sweep', '--help'])\n"
    code += "except SystemExit:\n    assert not {'torch', 'matplotlib'} & set(sys.modules)\n"
    found = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert (found.returncode, found.stderr) == (0, "")
    assert "--grid FIELD=A,B" in found.stdout


def test_a_field_of_several_numbers_has_its_own_comma() -> None:
    found = swept("--grid", "sizes=1,2;3", *TOY)
    assert found["grid"] == {"sizes": [[1, 2], [3]]}
    assert [point["candidate"] for point in found["places"][0]["points"]] == [True, True, False]
