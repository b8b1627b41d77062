"""Two runs: what is in one alone, what they ran with, and which numbers moved more than chance."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.reports.diff import Change, Diff, differences, read_source
from benchmark.results import (
    Cell,
    Environment,
    Run,
    bundle_file,
    cell_of,
    document,
    key_of,
    read_cells,
    write_bundle,
    write_cell,
    write_document,
)
from benchmark.statistics import holm, over_seeds, paired
from tests.records import HERE, cell, hits, put, score

SEEDS = (0, 1, 2)


def run(folder: Path, p: float = 0.6, *, noise: int = 0, **more: Any) -> Path:
    """A results folder: `posthoc` with three seeds; another noise is another fit."""
    for seed in more.pop("seeds", SEEDS):
        units = {"r@1": hits(p, noise=10 * seed + noise), "mrr": hits(p, seed=5)}
        put(folder / "cells", units, seed=seed, **more)
    return folder


def told(a: Path | str, b: Path | str, *, every: bool = False) -> Diff:
    return differences(read_source(str(a)), read_source(str(b)), every=every)


def main_change(diff: Diff) -> Change:
    (change,) = (each for each in diff.changes if each.main)
    return change


def rewritten(folder: Path, change: Any) -> None:
    """Every record of a folder with its JSON changed; the key is kept."""
    for path in sorted((folder / "cells").glob("*.json")):
        record = json.loads(path.read_text())
        change(record)
        path.write_text(json.dumps(record))


# --------------------------------------------------------------------------------------- the same


def test_a_run_is_the_same_as_itself_but_for_times(tmp_path: Path) -> None:
    run(tmp_path / "a")
    shutil.copytree(tmp_path / "a", tmp_path / "b")
    rewritten(tmp_path / "b", lambda r: r.update(created="2026-02-02", timing={"fit": 3.5}))
    diff = told(tmp_path / "a", tmp_path / "b", every=True)
    assert diff.same
    assert {each.state for each in diff.changes} == {"same"}
    assert diff.cells == (3, 0, 0)
    assert main_change(diff).p == 1


def test_a_folder_its_document_and_its_packed_rows_are_the_same(tmp_path: Path) -> None:
    folder = run(tmp_path / "a")
    cells = read_cells(folder / "cells").cells
    write_document(tmp_path / "document.json", document(Run(), cells))
    packed = bundle_file(tmp_path, "pocket-clip")
    write_bundle(packed, cells)
    for other in (tmp_path / "document.json", packed, folder / "cells"):
        assert told(folder, other).same
    assert any("7 digits" in note for note in told(folder, packed).notes)


def test_keys_never_match_cells_meaning_does(tmp_path: Path) -> None:
    diff = told(run(tmp_path / "a"), run(tmp_path / "b", code="other"))
    assert diff.cells == (3, 0, 0)
    (fact,) = diff.facts
    assert (fact.field, fact.a, fact.b, fact.cells) == ("method.code", "c0de", "other", 3)
    assert not diff.same
    assert {each.state for each in diff.changes} == {"same"}


# ------------------------------------------------------------------------- what differs but numbers


@pytest.mark.parametrize(
    ("changes", "field", "old", "new"),
    [
        ({"version": 2}, "task.version", 1, 2),
        ({"revision": "r2"}, "backend.revision", "r1", "r2"),
        ({"limit": 50}, "data.limit", None, 50),
        ({"config": {"k": 32}}, "method.config.k", 16, 32),
        ({"config": {"k": 16, "lr": 0.1}}, "method.config.lr", None, 0.1),
        ({"supervised": True}, "method.supervised", False, True),
        ({"chosen": {"cut": 0.3}}, "method.chosen.cut", None, 0.3),
        (
            {"environment": Environment(**HERE.model_dump() | {"packages": {"torch": "2.12"}})},
            "environment.packages.torch",
            None,
            "2.12",
        ),
    ],
    ids=lambda each: each if isinstance(each, str) else "",
)
def test_what_was_run_with_is_named_field_by_field(
    tmp_path: Path, changes: dict[str, Any], field: str, old: Any, new: Any
) -> None:
    diff = told(run(tmp_path / "a"), run(tmp_path / "b", **changes))
    (fact,) = (*diff.facts, *diff.outcomes)
    assert (fact.field, fact.a, fact.b, fact.cells) == (field, old, new, 3)
    assert fact.methods == ("posthoc",)
    assert diff.cells == (3, 0, 0)


def test_the_package_is_a_field_too(tmp_path: Path) -> None:
    run(tmp_path / "a", seeds=(0,))
    (known,) = read_cells(tmp_path / "a" / "cells").cells
    bare = known.model_copy(update={"package": "b" * 64})
    other = Cell.model_validate(
        bare.model_dump() | {"key": key_of(bare), "units_file": None} | {"units_sha256": None}
    )
    write_cell(tmp_path / "b" / "cells", other)
    (fact,) = told(tmp_path / "a", tmp_path / "b").facts
    assert (fact.field, fact.b) == ("package", "b" * 64)


def test_cells_of_one_run_alone_and_statuses_are_told(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", seeds=(0, 1))
    put(b / "cells", {"r@1": hits(0.5)}, method="separated")
    failed = cell(task="other", status="failed", reason="it fell over")
    write_cell(b / "cells", failed)
    put(a / "cells", {"r@1": hits(0.5)}, task="other")
    diff = told(a, b)
    assert [(c.method, c.seed) for c in diff.only_a] == [("posthoc", 2)]
    assert [(c.method, c.seed) for c in diff.only_b] == [("separated", 0)]
    (turned,) = diff.turned
    assert (turned.a.status, turned.b.status, turned.b.reason) == (
        "scored",
        "failed",
        failed.reason,
    )
    assert not diff.facts
    assert main_change(diff).seeds == (0, 1)


def test_another_reason_is_told_and_the_same_reason_is_not(tmp_path: Path) -> None:
    for name, reason in (("a", "needs latents"), ("b", "needs latents"), ("c", "needs labels")):
        write_cell(tmp_path / name / "cells", cell(status="not_applicable", reason=reason))
    assert told(tmp_path / "a", tmp_path / "b").same
    diff = told(tmp_path / "a", tmp_path / "c")
    assert [(t.a.reason, t.b.reason) for t in diff.turned] == [("needs latents", "needs labels")]


def test_settings_that_are_in_both_are_paired_and_what_is_left_is_not_guessed(
    tmp_path: Path,
) -> None:
    a, b = (run(tmp_path / n, seeds=(0,), config={"k": 16}) for n in "ab")
    run(b, seeds=(0,), config={"k": 32})
    diff = told(a, b)
    assert diff.cells == (1, 0, 1)
    assert not diff.facts
    run(a, seeds=(0,), config={"k": 64})
    assert [f.field for f in told(a, b).facts] == ["method.config.k"]
    run(a, seeds=(0,), config={"k": 128})
    assert told(a, b).cells == (1, 2, 1)


def test_of_one_experiment_made_twice_the_latest_is_looked_at(tmp_path: Path) -> None:
    a = run(tmp_path / "a", code="new", created="2026-02-02")
    b = run(tmp_path / "b", code="new", created="2026-02-02")
    run(b, 0.2, code="old", created="2026-01-01")
    diff = told(a, b)
    assert diff.same
    assert any("holds 3 cells" in note and "latest" in note for note in diff.notes)


# ---------------------------------------------------------------------------------------- numbers


def test_a_change_is_paired_over_units_and_seeds(tmp_path: Path) -> None:
    diff = told(run(tmp_path / "a"), run(tmp_path / "b", 0.3, noise=1))
    change = main_change(diff)
    each = [paired(hits(0.3, noise=10 * s + 1), hits(0.6, noise=10 * s)) for s in SEEDS]
    known = over_seeds([d.value for d in each], [d.se or 0.0 for d in each])
    assert change.state == "significant"
    assert change.difference == pytest.approx(known.value)
    assert (change.low, change.high) == pytest.approx((known.low, known.high))
    assert change.p == pytest.approx(known.p)
    assert change.b - change.a == pytest.approx(change.difference)
    assert change.difference < -0.2
    assert change.limit is None


def test_noise_is_not_significant_and_others_are_judged_where_asked(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", noise=1)
    assert main_change(told(a, b)).state == "not significant"
    run(tmp_path / "c", 0.3, noise=1)
    states = {e.metric: e.state for e in told(a, tmp_path / "c").changes}
    assert states == {"r@1": "significant", "mrr": "changed"}
    (mrr,) = (e for e in told(a, tmp_path / "c", every=True).changes if not e.main)
    assert (mrr.state, mrr.p_holm) == ("significant", None)


def test_holm_is_over_all_main_metrics_the_unchanged_ones_too(tmp_path: Path) -> None:
    for name, shares in (("a", (0.5, 0.5, 0.5)), ("b", (0.5, 0.49, 0.2))):
        for i, share in enumerate(shares):
            units = {"r@1": hits(share, n=100, seed=i), "mrr": hits(share)}
            put(tmp_path / name / "cells", units, task=f"task{i}")
    mains = [each for each in told(tmp_path / "a", tmp_path / "b").changes if each.main]
    assert [each.state for each in mains] == ["same", "not significant", "significant"]
    assert [each.p_holm for each in mains] == holm([each.p or 0.0 for each in mains])


def test_without_pairs_two_rows_are_held_to_the_minimum_reliable_difference(
    tmp_path: Path,
) -> None:
    a = run(tmp_path / "a")
    for name, p in (("near", 0.6), ("far", 0.3)):
        run(tmp_path / name, p, noise=1)
        for units in (tmp_path / name / "cells").glob("*.npz"):
            units.unlink()
        cells = [
            cell_of(path.read_bytes())
            for path in sorted((tmp_path / name / "cells").glob("*.json"))
        ]
        write_document(tmp_path / f"{name}.json", document(Run(), cells))
    near, far = (main_change(told(a, tmp_path / f"{n}.json")) for n in ("near", "far"))
    assert near.state == "not significant"
    assert far.state == "significant"
    for each in (near, far):
        assert (each.p, each.low) == (None, None)
        assert each.limit is not None
        assert (abs(each.difference or 0) > each.limit) is (each is far)
        assert "no units were kept" in (each.unpaired or "")


def test_other_items_are_never_paired(tmp_path: Path) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", 0.3, noise=1)
    for folder, sign in ((a, "1"), (b, "2")):
        rewritten(folder, lambda r, s=sign: r["data"].update(ids_sha256=s * 64))
    change = main_change(told(a, b))
    assert change.p is None
    assert change.unpaired == "the two were not scored on the same items"
    assert change.state == "significant"


@pytest.mark.parametrize("same_fit", [True, False])
def test_latents_are_pairs_of_one_fit_alone(tmp_path: Path, same_fit: bool) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", 0.3, noise=1)
    for folder, sign in ((a, "1"), (b, "1" if same_fit else "2")):

        def change(record: dict[str, Any], sign: str = sign) -> None:
            record["method"]["checkpoint_sha256"] = sign * 64
            record["scores"][0]["unit"] = "latent"

        rewritten(folder, change)
    found = main_change(told(a, b))
    assert (found.p is not None) is same_fit
    assert found.unpaired == (None if same_fit else "latents of two fits are not the same ones")


def test_a_value_that_stays_with_another_floor_is_told_as_that(tmp_path: Path) -> None:
    a = run(tmp_path / "a")
    shutil.copytree(a, tmp_path / "b")
    rewritten(tmp_path / "b", lambda r: r["scores"][0].update(floor=0.25))
    diff = told(a, tmp_path / "b")
    assert (main_change(diff).state, main_change(diff).says) == ("beside", "floor")
    assert not diff.same


def test_a_metric_of_one_run_alone(tmp_path: Path) -> None:
    a = run(tmp_path / "a", seeds=(0, 1))
    run(tmp_path / "b", seeds=(0,))
    put(tmp_path / "b" / "cells", {"r@1": hits(0.6, noise=10)}, seed=1)
    (mrr,) = (e for e in told(a, tmp_path / "b").changes if e.metric == "mrr")
    assert mrr.state == "only"
    assert mrr.says == "there with 2 of 2 seeds in A, 1 in B"


def test_without_an_interval_nothing_is_judged(tmp_path: Path) -> None:
    for name, value in (("a", 0.5), ("b", 0.6)):
        bare = score(value=value, ci_low=None, ci_high=None, se=None)
        write_cell(tmp_path / name / "cells", cell(scores=(bare,)))
    assert main_change(told(tmp_path / "a", tmp_path / "b")).state == "unjudged"


# ------------------------------------------------------------------------------- the command line


def said(capsys: pytest.CaptureFixture[str], *words: Path | str) -> tuple[int, str, str]:
    code = main(["diff", *map(str, words)])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def test_exit_codes_and_the_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", 0.3, noise=1, config={"k": 32})
    code, out, _ = said(capsys, a, a)
    assert code == 0
    assert out.splitlines()[-1] == "the same but for times"
    code, out, err = said(capsys, a, b)
    assert (code, err) == (1, "")
    last = " ".join(out.split("\n\n")[-1].split())
    assert "they differ: 1 field of what they were run with, 1 main" in last
    assert "method.config.k" in out
    assert "mrr" not in out
    assert "--all judges them" in out
    every = said(capsys, a, b, "--all")[1]
    assert "mrr" in every
    assert "(p) in parentheses" in every


def test_a_damaged_cell_is_named_and_makes_the_code_two(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a = run(tmp_path / "a")
    shutil.copytree(a, tmp_path / "b")
    next((tmp_path / "b" / "cells").glob("*.json")).write_text("{")
    code, out, _ = said(capsys, a, tmp_path / "b")
    assert code == 2
    assert "no whole result record" in " ".join(out.split())
    assert "cannot be read: nothing is said of the whole" in out


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("nowhere", "nowhere is not there"),
        ("empty", "is no results folder"),
        ("hollow", "hollow holds no results"),
        ("text.json", "is no result document"),
        ("text.jsonl.xz", "is no bundle"),
    ],
)
def test_what_is_no_run_is_one_line(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    word: str,
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    run(tmp_path / "a", seeds=(0,))
    for folder in ("empty", "hollow/cells"):
        Path(folder).mkdir(parents=True)
    for file in ("text.json", "text.jsonl.xz"):
        Path(file).write_text("hello")
    for words in ((word, "a"), ("a", word)):
        code, out, err = said(capsys, *words)
        assert (code, out) == (2, "")
        assert err.startswith("error: ")
        assert err.count("\n") == 1
        assert says in err


def test_json_has_everything_and_stdout_nothing_else(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    a, b = run(tmp_path / "a"), run(tmp_path / "b", 0.3, noise=1)
    code, out, _ = said(capsys, a, b, "--json", "-")
    found = json.loads(out)
    assert (code, found["same"]) == (1, False)
    assert {each["metric"]: each["state"] for each in found["changes"]} == {
        "r@1": "significant",
        "mrr": "significant",
    }
    assert said(capsys, a, b, "--json", tmp_path / "diff.json")[1] == ""
    assert json.loads((tmp_path / "diff.json").read_text()) == found


@pytest.mark.parametrize("width", [80, 140])
def test_no_number_is_cut(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    a, b = (
        run(tmp_path / n, p, method="jsae-noalign-posthoc") for n, p in (("a", 0.6), ("b", 0.3))
    )
    out = said(capsys, a, b, "--all")[1]
    assert "…" not in out
    (line,) = (line for line in out.splitlines() if line.startswith("r@1"))
    assert line.split()[-1] == "significant"
    assert max(map(len, out.splitlines())) <= width


def test_names_of_others_are_no_markup_and_obey_no_terminal(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = {
        "method": "[/red]\x1b[2J",
        "config": {"[bold]k": "[red]\x1b[1m"},
        "backend": "[/b]\u202e",
    }
    a, b = run(tmp_path / "a", **odd), run(tmp_path / "b", 0.3, **odd | {"config": {"[bold]k": 2}})
    write_cell(b / "cells", cell(**odd, task="[/x]", status="failed", reason="[/y]\n\x07"))
    out = said(capsys, a, b, "--all")[1]
    for shown in ("[/red]", "[bold]k", "[/b]", "[/x]", "[red]"):
        assert shown in out
    assert all(line.isprintable() for line in out.splitlines())
