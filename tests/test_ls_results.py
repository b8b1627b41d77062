"""`ls results`: which folders there are, what each holds, and whether it is whole."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.backends.planted import canonical, parse
from benchmark.reports.folders import held, results_folders
from benchmark.reports.folders.listing import size
from benchmark.results import Run, document, read_cells, write_cell, write_document
from benchmark.results.glances import glances
from tests.records import cell, hits, put, score

NOON, LATER = "2026-01-01T12:00:00+00:00", "2026-01-01T12:30:00+00:00"


def run(folder: Path, *, created: str = NOON, finished: str | None = NOON, **more: Any) -> Path:
    """A results folder as `run` leaves it: three seeds of a method, and the document of the run."""
    for seed in (0, 1, 2):
        units = {"r@1": hits(0.5 + seed / 10), "mrr": hits(0.2)}
        put(folder / "cells", units, seed=seed, created=created, **more)
    if finished is not None:
        cells = read_cells(folder / "cells").cells
        write_document(folder / "document.json", document(Run(finished=finished), cells))
    return folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "UTC")
    return tmp_path


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["ls", "results", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def listed(capsys: pytest.CaptureFixture[str], *words: str) -> list[dict[str, Any]]:
    code, out, err = said(capsys, *words, "--json")
    assert (code, err) == (0, "")
    return json.loads(out)


# ---------------------------------------------------------------------------------- what is found


def test_folders_are_found_newest_first(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(here / "results", created="2026-01-02T00:00:00+00:00")
    run(here / "results" / "sweep" / "point-1", created="2026-01-03T00:00:00+00:00")
    run(here / "results" / "old", created="2025-01-01T00:00:00+00:00")
    (here / "results" / "empty").mkdir()
    found = [each["folder"] for each in listed(capsys)]
    assert found == ["results/sweep/point-1", "results", "results/old"]


def test_named_folders_alone_are_looked_at(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("a", "b/c", "results/d"):
        run(here / name)
    assert [each["folder"] for each in listed(capsys, "a", "b", "a")] == ["b/c", "a"]


def test_links_and_the_insides_of_a_run_are_not_followed(here: Path) -> None:
    folder = run(here / "results" / "a")
    (folder / "loop").symlink_to(here / "results")
    run(folder / "cells" / "inside")
    run(folder / ".hidden")
    assert results_folders(here / "results") == [folder]


def test_where_nothing_is_it_is_said(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = said(capsys)
    assert (code, err) == (0, "")
    assert out.startswith("no results in results: ")
    assert listed(capsys) == []
    (here / "file").write_text("x")
    for word in ("nowhere", "file"):
        assert said(capsys, word) == (
            2,
            "",
            f"error: {word} is no folder: wanted one that results were written to\n",
        )


def test_other_lists_take_no_folder(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ls", "methods", "results"]) == 2
    assert capsys.readouterr().err == "error: ls methods takes no folder: found results\n"


# --------------------------------------------------------------------------------- what is in them


def test_who_where_and_main_numbers(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny = canonical(parse("synthetic:tiny"))
    folder = run(here / "results", backend=tiny, data=tiny)
    reason = "needs sparse latents"
    write_cell(folder / "cells", cell(task="other", status="not_applicable", reason=reason))
    (found,) = listed(capsys)
    cells = read_cells(folder / "cells").cells
    mean = sum(s.value for c in cells for s in c.scores if s.main) / 3
    assert found["backends"] == ["pocket-clip", "synthetic:tiny"]
    assert found["statuses"] == {"scored": 3, "not_applicable": 1}
    assert found["seeds"] == [0, 1, 2]
    (line,) = found["lines"]
    assert line["scores"] == {"r@1": pytest.approx(mean)}
    assert (line["method"], line["backend"]) == ("posthoc", "synthetic:tiny")
    out = said(capsys)[1]
    assert "2026-01-01 12:00 · 4 cells: 3 scored, 1 not applicable" in out
    assert f"posthoc · synthetic:tiny: r@1 {mean:.3f} (mean of 3)" in out
    assert "mrr" not in out


def test_numbers_of_other_splits_variants_and_tasks_are_told_apart(here: Path) -> None:
    for changes in ({}, {"split": "val"}, {"variant": "paper"}, {"task": "other"}):
        put(here / "a" / "cells", {"r@1": hits(0.5)}, **changes)
    (line,) = held(here / "a").lines
    assert sorted(line.scores) == [
        "r@1 (other)",
        "r@1 (retrieval)",
        "r@1 (retrieval) (paper)",
        "r@1 (retrieval) (val)",
    ]


def test_of_a_cell_made_twice_the_latest_counts_and_truncated_codes_do_not(here: Path) -> None:
    truncated = score(value=0.45, variant="truncated")
    for value, created, code in ((0.5, LATER, "new"), (0.55, NOON, "old")):
        scores = (score(value=value), truncated)
        write_cell(here / "a" / "cells", cell(scores=scores, created=created, code=code))
    (line,) = held(here / "a").lines
    assert line.scores == {"r@1": 0.5}


def test_many_methods_are_cut_unless_the_folder_is_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i in range(9):
        put(here / "results" / "cells", {"r@1": hits(0.5)}, method=f"method-{i}")
    out = said(capsys)[1]
    assert "and 3 more: ls results results" in out
    assert "method-8: r@1" not in out
    assert "method-8: r@1" in said(capsys, "results")[1]


def test_many_seeds_are_counted(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for seed in range(11):
        write_cell(here / "results" / "cells", cell(seed=seed))
    assert "on: pocket-clip · 11 seeds, 0 to 10\n" in said(capsys)[1]


def test_no_line_is_wider_than_the_terminal(
    here: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    for i in range(12):
        put(here / "results" / "cells", {"r@1": hits(0.5)}, method=f"jsae-noalign-{i}")
    assert max(map(len, said(capsys)[1].splitlines())) <= 80


def test_size_is_that_of_the_folder_without_runs_inside_of_it(here: Path) -> None:
    folder = run(here / "results")
    inside = run(folder / "inside")
    alone = held(inside).size
    assert alone == sum(p.stat().st_size for p in inside.rglob("*") if p.is_file())
    assert held(folder).size == held(folder, [folder, inside]).size + alone


@pytest.mark.parametrize(
    ("n", "words"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (123_456, "123 kB"), (9_470_000, "9.5 MB"),
     (3 * 10**12, "3,000 GB")],
)  # fmt: skip
def test_sizes_are_words(n: int, words: str) -> None:
    assert size(n) == words


# ------------------------------------------------------------------------------ whether it is whole


@pytest.mark.parametrize(
    ("created", "finished", "whole"),
    [(NOON, NOON, True), (NOON, LATER, True), (LATER, NOON, False), (NOON, None, False)],
)
def test_a_run_that_came_to_its_end_is_whole(
    here: Path, created: str, finished: str | None, whole: bool
) -> None:
    found = held(run(here / "a", created=created, finished=finished))
    assert (found.whole, found.finished, found.problems) == (whole, whole, ())


def test_a_copy_is_as_whole_as_what_it_is_of(here: Path) -> None:
    shutil.copytree(run(here / "a"), here / "b")
    os.utime(here / "b" / "document.json", (0, 0))
    assert held(here / "b").whole


def test_a_sweep_is_through_where_its_record_is(here: Path) -> None:
    folder = run(here / "a", finished=None)
    (folder / "sweep.json").write_text("{}")
    assert held(folder).whole


def test_cells_that_cannot_be_read_are_counted_and_named(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = run(here / "results")
    records = sorted((folder / "cells").glob("*.json"))
    records[0].write_text(records[0].read_text()[:-20])
    records[1].rename(records[1].with_stem("0" * 64))
    (folder / "cells" / records[2].with_suffix(".npz").name).unlink()
    (folder / "cells" / f"{'1' * 64}.json").write_text("[]")
    newer = json.dumps({"schema_version": 99, **json.loads(cell().model_dump_json())})
    (folder / "cells" / f"{cell().key}.json").write_text(newer)
    (folder / "cells" / ".half.json").write_text("{")
    (found,) = listed(capsys)
    assert len(found["problems"]) == 5
    assert not found["whole"]
    assert found["statuses"] == {}
    every = " ".join(found["problems"])
    for says in ("it was renamed", "are gone", "no whole result record", "upgrade"):
        assert says in every
    out = said(capsys)[1]
    assert "0 cells" in out.splitlines()[0]
    assert "5 unreadable" in out.splitlines()[0]
    assert out.count("  cannot be read: ") == 5


def test_a_glance_sees_what_reading_sees(here: Path) -> None:
    folder = run(here / "a") / "cells"
    whole, glanced = read_cells(folder), glances(folder)
    assert [g.key for g in glanced.glances] == [c.key for c in whole.cells]
    for glance, each in zip(glanced.glances, whole.cells, strict=True):
        assert glance.scores[0].value == each.scores[0].value
        assert (glance.status, glance.seed, glance.site) == (each.status, each.seed, each.site)


def test_a_folder_of_no_cells_is_listed(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "results" / "cells").mkdir(parents=True)
    assert said(capsys)[1].startswith("results · no time · 0 cells · 0 B · not finished")


def test_names_of_others_obey_no_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    put(here / "results" / "cells", {"r@1": hits(0.5)}, method="\x1b[2Jpwned", task="[/red]\u202e")
    (here / "results" / "cells" / "\x1b[1m.json").write_text("{")
    out = said(capsys)[1]
    assert "[2Jpwned" in out
    assert "[/red]" in out
    assert all(line.isprintable() for line in out.splitlines())
