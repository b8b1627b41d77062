"""Records: what they refuse, how they survive a kill, and when two documents are the same."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import time
import zipfile
from pathlib import Path
from typing import Any

import jsonschema
import numpy as np
import pytest
from pydantic import ValidationError

from benchmark import provenance
from benchmark.results import (
    SCHEMA_FILE,
    Cell,
    Document,
    ReferenceScore,
    Run,
    Score,
    cell_key,
    document,
    merge,
    read_cell,
    read_cells,
    read_document,
    read_units,
    same_document,
    schema_text,
    to_json,
    write_cell,
    write_document,
)
from benchmark.statistics import StoredUnits
from tests.records import UNITS, cell, hits, put, score

# ----------------------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"value": math.nan}, "finite number"),
        ({"value": math.inf, "ci_low": None, "ci_high": None}, "finite number"),
        ({"value": 0.7}, "outside of its interval"),
        ({"ci_high": None}, "two ends or none"),
        ({"n": 0}, "greater than or equal to 1"),
        ({"value": "0.5"}, "valid number"),
        ({"main": 1}, "valid boolean"),
        ({"extra": 1}, "not permitted"),
        ({"name": ""}, "at least 1 character"),
    ],
)
def test_a_score_that_says_nothing_cannot_be_made(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        score(**changes)


def test_value_at_the_rounded_end_of_its_interval_is_inside() -> None:
    assert score(value=0.4 - 1e-12).ci_low == 0.4
    with pytest.raises(ValidationError, match="outside"):
        ReferenceScore(name="random", kind="null", value=0.1, ci_low=0.2, ci_high=0.3)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"scores": ()}, "there are no scores"),
        ({"status": "failed"}, "no reason is given"),
        ({"status": "oom", "reason": ""}, "no reason is given"),
        ({"status": "failed", "reason": "x", "scores": (score(),)}, "there are scores"),
        ({"status": "done"}, "not_applicable"),
        ({"scores": (score(main=False),)}, "none; wanted exactly one"),
        ({"scores": (score(), score(name="mrr"))}, "r@1, mrr; wanted exactly one"),
        ({"scores": (score(), score())}, "is there 2 times"),
        ({"scores": (score(), score(main=False, variant="truncated"))}, "truncated: none"),
        ({"units_file": "../x.npz", "units_sha256": "0" * 64}, "beside the record"),
        ({"units_file": "x.npz"}, "come together"),
        ({"key": "0" * 64}, "is not the key of this content"),
        ({"seed": 1.5}, "valid integer"),
        ({"timing": {"fit": -1.0}}, "greater than or equal to 0"),
    ],
)
def test_a_cell_that_breaks_a_promise_cannot_be_made(changes: dict[str, Any], says: str) -> None:
    with pytest.raises(ValidationError, match=says):
        cell(**changes)


def test_one_main_score_per_variant_is_enough() -> None:
    both = cell(scores=(score(), score(variant="truncated"), score(name="mrr", main=False)))
    assert len(both.scores) == 3
    none = cell(status="not_applicable", reason="needs sparse latents", scores=())
    assert none.reason


# ------------------------------------------------------------------------------------- the key


@pytest.mark.parametrize(
    "change",
    [
        {"task": "other"},
        {"version": 2},
        {"variant": "paper"},
        {"method": "posthoc-nocut"},
        {"config": {"k": 17}},
        {"code": "c0df"},
        {"backend": "other"},
        {"revision": "r2"},
        {"site": None},
        {"data": "coco"},
        {"split": "val"},
        {"seed": 1},
        {"limit": 10},
    ],
)
def test_everything_that_decides_a_number_changes_the_key(change: dict[str, Any]) -> None:
    assert cell(**change).key != cell().key


def test_key_is_stable_and_blind_to_order_and_to_what_decides_nothing() -> None:
    a = cell(config={"k": 16, "lr": 0.1, "steps": [1, 2]})
    b = cell(config={"lr": 0.1, "steps": (1, 2), "k": 16}, timing={"fit": 3.0}, created="later")
    assert a.key == b.key
    assert a.method == b.method
    with pytest.raises(ValueError, match="JSON"):
        cell(config={"k": math.nan})


def test_key_does_not_drift_between_releases() -> None:
    facts: dict[str, Any] = dict.fromkeys(
        ("task", "variant", "method", "backend", "backend_revision", "data", "data_revision"), "x"
    )
    found = cell_key(**facts, task_version=1, config={}, code=None, site=None, split="t", seed=0)
    again = cell_key(
        **facts, task_version=1, config={}, code=None, site=None, split="t", seed=0,
        limit=None, centred=False, siblings=(), package=None,
    )  # fmt: skip
    assert found == again
    assert len({found, *(cell_key(**facts, task_version=1, config={}, code=None, site=None,
        split="t", seed=0, **more) for more in ({"siblings": (1,)}, {"centred": True},
        {"package": "p"}))}) == 4  # fmt: skip


# ------------------------------------------------------------------------------------- on disk


def test_written_cell_and_units_come_back_to_the_last_bit(tmp_path: Path) -> None:
    units = dict(UNITS, split=StoredUnits(np.ones(3), np.ones(3), None, 0.25, np.arange(5.0), 7))
    written = write_cell(tmp_path / "deep" / "cells", cell(), units)
    folder = tmp_path / "deep" / "cells"
    assert sorted(p.name for p in folder.iterdir()) == [f"{written.key}.json", f"{written.key}.npz"]
    (found,), problems = read_cells(folder)
    assert found == written == read_cell(folder / f"{written.key}.json")
    assert not problems
    back = read_units(folder, found)
    assert list(back) == list(units)
    for name, each in units.items():
        for column in ("numerator", "denominator", "cluster", "replicates"):
            a, b = getattr(each, column), getattr(back[name], column)
            assert (a is None) == (b is None)
            assert a is None or np.array_equal(a, b)
    assert (back["split"].point, back["split"].draws_id) == (0.25, 7)


def test_the_same_cell_is_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        write_cell(tmp_path / name, cell(), UNITS)
        time.sleep(0.01)
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_a_kill_in_the_middle_of_writing_leaves_no_half_cell(tmp_path: Path) -> None:
    whole = write_cell(tmp_path, cell(seed=1), UNITS)
    text = (tmp_path / f"{whole.key}.json").read_text()
    (tmp_path / f".{cell().key}.json.99.part").write_text(text[: len(text) // 2])
    (tmp_path / f".{cell().key}.npz.99.part").write_bytes(b"PK")
    (tmp_path / f"{cell().key}.npz").write_bytes(b"units whose record was never written")
    found, problems = read_cells(tmp_path)
    assert [c.key for c in found] == [whole.key]
    assert not problems
    again = write_cell(tmp_path, cell(), UNITS)
    assert read_units(tmp_path, again)


KILLED = """
import sys, pathlib, os
sys.path.insert(0, os.getcwd())
from tests.records import UNITS, cell
from benchmark.results import write_cell
print("ready", flush=True)
for seed in range(10**6):
    write_cell(pathlib.Path(sys.argv[1]), cell(seed=seed), UNITS)
"""


def test_kill_minus_nine_at_any_moment_leaves_only_whole_cells(tmp_path: Path) -> None:
    for cells, moment in ((0, 0.003), (2, 0.0), (5, 0.001)):
        child = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path)], stdout=-1)
        assert child.stdout
        child.stdout.readline()
        while len(list(tmp_path.glob("*.json"))) < cells:
            time.sleep(0.001)
        time.sleep(moment)
        child.kill()
        child.wait()
        child.stdout.close()
        found, problems = read_cells(tmp_path)
        assert not problems
        assert all(read_units(tmp_path, each) for each in found)
    assert found


def test_a_file_appears_by_being_moved_into_place_and_in_no_other_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def die(part: Path, _: Path) -> None:
        assert part.stat().st_size > 0
        raise KeyboardInterrupt

    old = write_cell(tmp_path, cell(created="before"), UNITS)
    monkeypatch.setattr(os, "replace", die)
    for changed in (cell(created="after"), cell(seed=1)):
        with pytest.raises(KeyboardInterrupt):
            write_cell(tmp_path, changed)
    assert read_cells(tmp_path) == ((old,), ())


@pytest.mark.parametrize("kept", [0, 1, 200, -2])
def test_a_truncated_record_is_one_line_and_no_cell(tmp_path: Path, kept: int) -> None:
    good, bad = (write_cell(tmp_path, cell(seed=s), UNITS) for s in (0, 1))
    path = tmp_path / f"{bad.key}.json"
    path.write_bytes(path.read_bytes()[:kept])
    found, problems = read_cells(tmp_path)
    assert [c.key for c in found] == [good.key]
    assert len(problems) == 1
    assert str(path) in problems[0]
    assert "\n" not in problems[0]


def test_records_that_lie_are_problems(tmp_path: Path) -> None:
    one = write_cell(tmp_path, cell(), UNITS)
    text = (tmp_path / f"{one.key}.json").read_text()
    changed = {
        "value": text.replace('"value": 0.5', '"value": NaN'),
        "seed": text.replace('"seed": 0', '"seed": 1'),
        "extra": text.replace('"seed": 0', '"seed": 0, "note": 1'),
    }
    for name, lie in changed.items():
        assert lie != text, name
        (tmp_path / f"{one.key}.json").write_text(lie)
        found, problems = read_cells(tmp_path)
        assert not found
        assert len(problems) == 1
        assert "\n" not in problems[0]
    (tmp_path / f"{one.key}.json").rename(tmp_path / "mine.json")
    (tmp_path / "mine.json").write_text(text)
    assert "renamed" in read_cells(tmp_path).problems[0]


def test_units_that_are_not_those_of_the_record_are_refused(tmp_path: Path) -> None:
    one, two = (write_cell(tmp_path, cell(seed=s), {"r@1": hits(0.5, seed=s)}) for s in (0, 1))
    path = tmp_path / f"{one.key}.npz"
    whole = path.read_bytes()
    other = (tmp_path / f"{two.key}.npz").read_bytes()
    pickled = tmp_path / "pickled.npz"
    np.savez(pickled, **{"r@1|numerator": np.array([{}], dtype=object)})
    for content in (whole[:-30], whole[: len(whole) // 2], b"", other, pickled.read_bytes()):
        path.write_bytes(content)
        with pytest.raises(ValueError, match=f"{one.key}.npz") as caught:
            read_units(tmp_path, one)
        assert "\n" not in str(caught.value)
    path.unlink()
    assert "are gone" in read_cells(tmp_path).problems[0]
    with pytest.raises(ValueError, match="no units"):
        read_units(tmp_path, cell(status="failed", reason="it broke"))


def test_unit_files_hold_no_time_and_no_path(tmp_path: Path) -> None:
    one = write_cell(tmp_path, cell(), UNITS)
    with zipfile.ZipFile(tmp_path / f"{one.key}.npz") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    assert str(tmp_path) not in (tmp_path / f"{one.key}.json").read_text()


@pytest.mark.parametrize("number", [28, 13])
def test_a_full_disk_is_one_line_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(ValueError, match=os.strerror(number)) as caught:
        write_cell(tmp_path, cell(), UNITS)
    assert "\n" not in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_a_folder_that_is_a_file_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "results").write_text("no folder")
    with pytest.raises(ValueError, match="cannot write"):
        write_cell(tmp_path / "results", cell(), UNITS)
    assert read_cells(tmp_path / "nowhere") == ((), ())


# ----------------------------------------------------------------------------------- documents


def test_same_document_ignores_times_and_order_and_nothing_else() -> None:
    a = document(Run(started="now"), [cell(seed=0), cell(seed=1, created="x")])
    b = document(Run(finished="later"), [cell(seed=1), cell(seed=0, timing={"fit": 2.0})])
    assert same_document(a, b) is None
    bit = document(Run(), [cell(seed=0, scores=(score(value=0.5 + 2**-52),)), cell(seed=1)])
    assert "value" in (same_document(a, bit) or "")
    moved = document(Run(), [cell(seed=0, scores=(score(value=0.51),)), cell(seed=1)])
    assert same_document(a, moved) == "cells[0].scores[0].value is 0.5 against 0.51"
    assert same_document(a, document(Run(), [cell()])) == "cells has 2 entries against 1"
    ran = document(Run(arguments={"seed": [0]}), a.cells)
    assert same_document(a, ran) == "run.arguments.seed is only in the second"


def test_document_round_trip_and_bad_files(tmp_path: Path) -> None:
    path = tmp_path / "run.json"
    full = cell(status="oom", reason="out of memory", seed=1)
    made = document(Run(arguments={"method": ["jsae"]}), [cell(), full])
    write_document(path, made)
    assert read_document(path) == made
    assert path.read_text() == to_json(made)
    path.write_text(path.read_text()[:-30])
    for bad in (path, tmp_path / "none.json"):
        with pytest.raises(ValueError, match=bad.name) as caught:
            read_document(bad)
        assert "\n" not in str(caught.value)


def test_a_document_holds_each_cell_once_and_merge_refuses_two_truths() -> None:
    with pytest.raises(ValidationError, match="more than once"):
        Document(cells=(cell(), cell()))
    one, two = document(Run(), [cell()]), document(Run(), [cell(created="x"), cell(seed=1)])
    assert len(merge(Run(), [one, two]).cells) == 2
    lie = document(Run(), [cell(scores=(score(value=0.55),))])
    with pytest.raises(ValueError, match="differs: scores"):
        merge(Run(), [one, lie])


# -------------------------------------------------------------------------------------- schema


def test_exported_schema_is_fresh() -> None:
    assert json.loads(SCHEMA_FILE.read_text()) == json.loads(schema_text()), (
        "result_schema.json is stale: run python -m benchmark.results"
    )


def test_documents_satisfy_the_exported_schema_and_bad_ones_do_not(tmp_path: Path) -> None:
    schema = json.loads(SCHEMA_FILE.read_text())
    reference = ReferenceScore(name="random", kind="null", value=0.1, draws=20)
    made = document(
        Run(arguments={"seed": [0]}),
        [put(tmp_path, UNITS, seed=3), cell(scores=(score(references=(reference,)),))],
    )
    content = json.loads(to_json(made))
    jsonschema.validate(content, schema)
    content["cells"][0]["surprise"] = 1
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, schema)


def test_cell_survives_json(tmp_path: Path) -> None:
    one = put(tmp_path, UNITS)
    assert Cell.model_validate_json(one.model_dump_json()) == one
    assert Score.model_validate_json(one.scores[0].model_dump_json()) == one.scores[0]


# ---------------------------------------------------------------------------------- provenance


def git(folder: Path, *arguments: str) -> str:
    who = ["-c", "user.name=n", "-c", "user.email=e@example.org", "-c", "commit.gpgsign=false"]
    clean = {k: v for k, v in os.environ.items() if not k.startswith("GIT_")}
    done = subprocess.run(
        ["git", "-C", str(folder), *who, *arguments],
        capture_output=True, text=True, check=True, env=clean,
    )  # fmt: skip
    return done.stdout.strip()


def checkout(folder: Path) -> Path:
    """A checkout with one package; its tracked file."""
    (folder / "pack").mkdir(parents=True)
    file = folder / "pack" / "provenance.py"
    file.write_text("x = 1\n")
    git(folder, "init", "-q")
    git(folder, "add", "pack")
    git(folder, "commit", "-qm", "first")
    return file


def test_commit_is_that_of_the_package_and_dirty_when_it_differs(tmp_path: Path) -> None:
    file = checkout(tmp_path / "repo")
    head = git(tmp_path / "repo", "rev-parse", "HEAD")
    assert provenance._from_git(file, ("pack",)) == (head, False)
    (tmp_path / "repo" / "results.json").write_text("not the package")
    assert provenance._from_git(file, ("pack",)) == (head, False)
    (file.parent / "new.py").write_text("y = 2\n")
    assert provenance._from_git(file, ("pack",)) == (head, True)
    assert provenance._from_git(file, ("pack", ":(exclude)pack/new.py")) == (head, False)
    assert ":(exclude)leaderboards/submissions" in provenance.OURS


def test_a_package_installed_inside_of_another_repository_is_not_of_it(tmp_path: Path) -> None:
    checkout(tmp_path / "theirs")
    ours = tmp_path / "theirs" / "site-packages" / "benchmark" / "provenance.py"
    ours.parent.mkdir(parents=True)
    ours.write_text("")
    assert provenance._from_git(ours, ("benchmark",)) is None
    alone = tmp_path / "alone" / "benchmark" / "provenance.py"
    assert provenance._from_git(alone, ("benchmark",)) is None


def test_working_directory_and_git_variables_do_not_matter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine, other = checkout(tmp_path / "mine"), checkout(tmp_path / "other")
    other.write_text("x = 3\n")
    git(tmp_path / "other", "commit", "-qam", "second")
    monkeypatch.chdir(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "other" / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(tmp_path / "other"))
    head = git(tmp_path / "mine", "rev-parse", "HEAD")
    assert provenance._from_git(mine, ("pack",)) == (head, False)


def test_embedded_commit_is_read(tmp_path: Path) -> None:
    file = tmp_path / "COMMIT"
    assert provenance._embedded(file) is None
    file.write_text("abc123\n")
    assert provenance._embedded(file) == ("abc123", False)
    file.write_text("abc123 dirty\n")
    assert provenance._embedded(file) == ("abc123", True)


def test_environment_names_what_numbers_depend_on() -> None:
    found = provenance.environment(device="cpu")
    assert {"torch", "numpy", "scipy"} <= found.packages.keys()
    assert found.device == "cpu"
    assert found.python.count(".") == 2
