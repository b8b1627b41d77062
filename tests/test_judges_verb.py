"""The answers that a run leaves, what the judges of words make of them, and the verb."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.contracts import Answering, Subject
from benchmark.judging.opinions import ByCaptions, ByNames
from benchmark.judging.sheets import NO_LATENT, NOT_ELIGIBLE, Sheet, sheets_of
from benchmark.run.answers import write_answers
from tasks.object_removal import ObjectRemoval
from tests.judged_runs import CAT, answered, judged_run, transcript
from tests.test_edit_tasks import TASKS, Formula, N, Pictures
from tests.test_edit_tasks import world as bare


@pytest.fixture(autouse=True)
def _rarer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmark.metrics.naming.LIFT", 3)


@dataclass(frozen=True, eq=False)
class Captioned(Pictures):
    """Pictures with a caption each."""

    captions: tuple[str, ...] = tuple(f"picture {i}" for i in range(N))
    caption_of: Any = range(N)


def world(model: Formula | None = None) -> Subject:
    judged = bare(model)
    told = {
        name: Captioned(of.concepts, of.quarters)  # type: ignore[attr-defined,arg-type]
        for name, of in judged.examples.items()
    }
    return replace(judged, examples=told)  # type: ignore[arg-type]


@pytest.fixture
def sheet(tmp_path: Path) -> Sheet:
    (found,) = sheets_of(judged_run(tmp_path))
    return found


def test_answers_come_back_as_they_were_written(sheet: Sheet) -> None:
    assert sheet.of == transcript()
    assert sheet.title == "object_removal · posthoc · pocket-llava · embedding · fair · seed 0"
    assert [case.row for case in sheet.judged] == [0, 1, 2, 5, 6, 7]
    assert sheet.unjudged == {NO_LATENT: 1, NOT_ELIGIBLE: 1}
    assert sheet.name(CAT) == "cat"


def test_names_are_the_runs_own_verdicts(sheet: Sheet) -> None:
    assert ByNames().opinions(sheet).scores == (2, 0, 1, 2, 2, 2)
    told = ByNames().told(sheet)
    before, after = told["chair_i"]
    assert (sum(s.part for s in before), sum(s.whole for s in before)) == (0, 12)
    assert (sum(s.part for s in after), sum(s.whole for s in after)) == (1, 9)
    before, after = told["recall"]
    assert all((s.part, s.whole) == (1, 1) for s in (*before, *after)), "the dog is always told"


def test_captions_judge_what_they_speak_of(sheet: Sheet) -> None:
    found = ByCaptions().opinions(sheet)
    assert found.scores == (2, 0, 1, None, None, 2)
    assert found.unjudged == {
        "the picture has no captions": 1,
        "no caption names the target": 1,
    }
    before, after = ByCaptions().told(sheet)["consensus"]
    assert [(s.part, s.whole) for s in before] == [(3, 3)] * 3 + [(1, 1), (3, 3)]
    assert [(s.part, s.whole) for s in after] == [(2, 3), (3, 3), (2, 3), (1, 1), (2, 3)]


@pytest.mark.parametrize("task", TASKS)
def test_a_task_tells_what_was_answered(task: str, tmp_path: Path) -> None:
    asker, judged = TASKS[task], world()
    assert isinstance(asker, Answering)
    units = asker.score(judged)
    found = asker.transcript(judged)
    assert found is not None
    assert len(found.cases) == len(units[f"s2/{task}"].numerator)
    assert found.question == "list every object"
    assert found.latents == "latents named by text"
    assert found.others is None
    assert [c.score == 2 for c in found.cases] == (units[f"s2/{task}"].numerator == 1).tolist()
    for case in found.cases[:9]:
        assert found.names[case.target][0] in case.before
        assert case.after is not None
        assert found.names[case.target][0] not in case.after
        assert case.picture == judged.test.ids[case.row]
        assert case.captions == (f"picture {case.row}",)
    write_answers(tmp_path / "answers" / "a.jsonl", found)
    lines = (tmp_path / "answers" / "a.jsonl").read_text().splitlines()
    assert len(lines) == 1 + len(found.cases)


def test_the_answers_of_the_evaluated_split_are_asked_for_once() -> None:
    model = Formula()
    judged = world(model)
    ObjectRemoval().score(judged)
    before = len(model.asked)
    ObjectRemoval().transcript(judged)
    assert len(model.asked) == before


def test_where_nothing_is_said_in_words_there_is_no_transcript() -> None:
    assert ObjectRemoval().transcript(replace(world(), backend=None)) is None
    assert ObjectRemoval().transcript(replace(world(), examples={})) is None


def test_the_verb_prints_every_judge_and_their_agreement(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, data = judged_run(tmp_path / "run"), tmp_path / "judged.json"
    assert main(["judge", str(run), "--json", str(data)]) == 0
    said = capsys.readouterr().out
    assert "6 of 8 cases; latents named by text" in said
    assert f"not judged: 1 · {NO_LATENT}" in said
    assert "caption does not judge 1: no caption names the target" in said
    assert "names and caption" in said
    found = json.loads(data.read_text())
    (one,) = found["sheets"]
    assert one["judges"]["names"]["verdicts"] == [2, 0, 1, 2, 2, 2]
    assert one["judges"]["names"]["shares"]["s2"]["value"] == pytest.approx(4 / 6)
    assert one["judges"]["caption"]["n"] == 4
    (pair,) = found["agreement"]
    assert pair["judges"] == ["names", "caption"]
    assert (pair["n"], pair["raw"]["value"], pair["kappa"]["value"]) == (4, 1.0, 1.0)
    assert found["spent"]["requests"] == 0


def test_data_on_stdout_is_nothing_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = judged_run(tmp_path / "run", transcript((answered(0), answered(1))))
    assert main(["judge", str(run), "--judge", "names", "names", "caption", "--json", "-"]) == 0
    found = json.loads(capsys.readouterr().out)
    (pair,) = found["agreement"]
    assert pair["kappa"] is None
    assert pair["undefined"] == "names gives S2 to every case"


def spoil(run: Path, how: str) -> None:
    (file,) = (run / "answers").glob("*.jsonl")
    lines = file.read_text().splitlines()
    if how == "gone":
        file.unlink()
    elif how == "cut":
        file.write_text("\n".join(lines[:-1]))
    else:
        file.write_text("[]")


@pytest.mark.parametrize(
    ("how", "words", "wanted"),
    [
        ("gone", [], "has no answers"),
        ("cut", [], "no whole file of answers"),
        ("odd", [], "no whole file of answers"),
        ("", ["--judge", "nams"], "no judge called nams: did you mean names?"),
        ("", ["--judge", "openai:m", "--base-url", "host"], "wanted one as https://HOST/v1"),
        ("", ["--judge", "openai:m", "--max-cost", "1"], "needs --price-in"),
    ],
)
def test_what_cannot_be_judged_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], how: str, words: list[str], wanted: Any
) -> None:
    run = judged_run(tmp_path / "run")
    if how:
        spoil(run, how)
    assert main(["judge", str(run), *words]) == 2
    said = capsys.readouterr().err
    assert wanted in said
    assert said.count("\n") == 1


def test_a_folder_without_results_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["judge", str(tmp_path)]) == 2
    assert "is no results folder" in capsys.readouterr().err


def test_a_sheet_of_no_judged_case_has_no_shares(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = judged_run(tmp_path / "run", transcript((answered(0, after=None),)))
    assert main(["judge", str(run)]) == 0
    said = capsys.readouterr().out
    assert "0 of 1 cases" in said
    assert "kappa is undefined, no case was judged by both" in said
