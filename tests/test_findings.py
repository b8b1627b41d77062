"""Findings: only what the cells say, over all folders, with Holm over the whole question."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from benchmark.configure import build
from benchmark.registry import catalogue, find
from benchmark.reports.compare import compare
from benchmark.statistics import holm
from leaderboards import audits, finding_pages, finding_tables, findings
from leaderboards.answers import answered, frontier
from leaderboards.findings import main
from leaderboards.plain import as_json
from leaderboards.questions import QUESTIONS, Gap, Question
from tests.records import hits, put

PAIR = ("posthoc", "separated")
ASKED = Question(asks="Is it so?", pairs=(PAIR,), metrics=("r@1", "mrr"))


def two_towers(folder: Path) -> list[Path]:
    """The same question on two backends, resolved on the first alone; a folder a backend."""
    for place, (backend, apart) in enumerate({"one": 0.3, "two": 0.0}.items()):
        for seed in (0, 1, 2):
            for number, (method, p) in enumerate(
                {"posthoc": 0.5 + apart, "separated": 0.5}.items()
            ):
                noise = 100 * place + 10 * seed + number
                units = {"r@1": hits(p, noise=noise), "mrr": hits(p, noise=noise + 5)}
                put(folder / backend, units, method=method, seed=seed, backend=backend)
    return [folder / "one", folder / "two"]


def test_rows_of_all_folders_are_one_family(tmp_path: Path) -> None:
    folders = two_towers(tmp_path)
    found = answered(ASKED, folders)
    assert found is not None
    known = [row for folder in folders for row in compare(folder, "posthoc", "separated").rows]
    assert [row["difference"] for row in found["rows"]] == [row.difference for row in known]
    assert [row["p_holm"] for row in found["rows"]] == holm([row.p for row in known])  # type: ignore[misc]
    assert {row["backend"] for row in found["rows"]} == {"one", "two"}


def test_a_question_about_methods_that_did_not_run_has_no_answer(tmp_path: Path) -> None:
    missing = Question(asks="?", pairs=(("posthoc", "nobody"),), metrics=("r@1",))
    assert answered(missing, two_towers(tmp_path)) is None


def test_a_place_is_answered_once(tmp_path: Path) -> None:
    folder, _ = two_towers(tmp_path)
    with pytest.raises(ValueError, match="answered by another folder"):
        answered(ASKED, [folder, folder])


def test_only_whole_test_splits_of_fair_cells_at_the_sites_that_are_asked_for(
    tmp_path: Path,
) -> None:
    for more in ({"variant": "paper"}, {"limit": 10}, {"split": "all"}, {"site": "block:1"}):
        folder = tmp_path / str(more)
        for method in ("posthoc", "separated"):
            put(folder, {"r@1": hits(0.5)}, method=method, **more)
        asked = Question("Is it so?", (PAIR,), ("r@1",), sites="emb*")
        assert answered(asked, [folder]) is None


def test_a_frontier_moves_in_one_field_alone(tmp_path: Path) -> None:
    for seed, error in enumerate(("fvu", "mse")):
        config = {"weight": 1.0, "error": error}
        put(tmp_path, {"r@1": hits(0.5)}, method="vista", config=config, seed=seed)
    with pytest.raises(ValueError, match="differ in more than weight"):
        frontier([tmp_path], "vista", "weight")


def test_what_is_not_resolved_stands_in_parentheses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = answered(ASKED, two_towers(tmp_path))
    monkeypatch.setattr(findings, "FOUND", tmp_path / "findings.json")
    monkeypatch.setattr(finding_pages, "SWEEPS", tmp_path / "none")
    monkeypatch.setattr(finding_pages, "REPRODUCED", tmp_path / "none")
    monkeypatch.setattr(audits, "KEPT", tmp_path / "none.json")
    findings.FOUND.write_text(json.dumps({"questions": [found], "frontier": []}))
    page = finding_pages.page()
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| `")]
    assert [row[0] for row in rows] == ["| `one`", "| `two`"]
    assert not rows[0][2].startswith("(")
    assert rows[1][2].startswith("(")
    assert "Holm over all 4 rows" in page
    said = finding_pages.summary()
    assert "`posthoc` against `separated`: higher `r@1` (one, +0." in said
    assert said.endswith("2 more not resolved.")


def test_a_frontier_is_a_mean_over_seeds(tmp_path: Path) -> None:
    for weight, cost in ((0.0, 0.1), (0.3, 0.2)):
        for seed in (0, 1):
            chosen = {"val/ce": cost + seed, "lr": 1.0}
            config = {"weight": weight}
            put(
                tmp_path,
                {"r@1": hits(0.5, noise=seed)},
                method="vista",
                config=config,
                seed=seed,
                chosen=chosen,
            )
    found = frontier([tmp_path], "vista", "weight")
    assert [(row["weight"], row["seeds"], row["val/ce"]) for row in found] == [
        (0.0, [0, 1], pytest.approx(0.6)),
        (0.3, [0, 1], pytest.approx(0.7)),
    ]
    assert "lr" not in found[0]


def test_the_command_writes_what_it_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(findings, "FOUND", tmp_path / "findings.json")
    monkeypatch.setattr("sys.argv", ["findings", *map(str, two_towers(tmp_path))])
    assert main() == 0
    assert f"0 of {len(QUESTIONS)} questions" in capsys.readouterr().err
    monkeypatch.setattr("sys.argv", ["findings", str(tmp_path / "nowhere")])
    assert main() == 2
    assert "no cell was scored in" in capsys.readouterr().err


def test_what_was_found_elsewhere_stays_and_is_of_the_same_family(tmp_path: Path) -> None:
    one, two = two_towers(tmp_path)
    first, both = answered(ASKED, [one]), answered(ASKED, [one, two])
    assert first is not None
    assert both is not None
    assert answered(ASKED, [two], first["rows"]) == both
    assert answered(ASKED, [one], both["rows"]) is not None
    bare = [{key: value for key, value in row.items() if key != "p"} for row in first["rows"]]
    with pytest.raises(ValueError, match="rows without p: answer all of it anew"):
        answered(ASKED, [two], bare)


def test_questions_that_are_not_named_stay_as_they_were(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one, two = two_towers(tmp_path)
    other = Question(asks="And this?", pairs=(PAIR,), metrics=("mrr",))
    monkeypatch.setattr(findings, "QUESTIONS", (ASKED, other))
    stored = findings.renewed({"questions": []}, [one], (1, 2))
    found = findings.renewed(stored | {"frontier": [{"kept": 1}]}, [two], (2,))
    assert [len(each["rows"]) for each in found["questions"]] == [2, 2]
    assert found["questions"][0] == stored["questions"][0]
    assert found["frontier"] == [{"kept": 1}]


def test_what_fits_a_line_is_on_one_and_nothing_is_lost() -> None:
    value = {"rows": [{"metric": "r@1", "curve": list(range(200))}, {"a": None, "b": "α"}], "e": []}
    told = as_json(value)
    assert json.loads(told) == value
    lines = told.splitlines()
    assert '  {"a": null, "b": "α"}' in lines
    assert len(lines) < 12


def test_a_gap_is_of_one_cell_and_over_its_seeds(tmp_path: Path) -> None:
    for seed in (0, 1, 2):
        units = {"r@1": hits(0.9, noise=seed), "chance": hits(0.1, noise=seed + 7)}
        put(tmp_path, units, method="jsae", seed=seed)
        put(tmp_path, {"r@1": hits(0.2, noise=seed)}, method="other", seed=seed)
    asked = Question("Is it there?", methods=("jsae",), gaps=(Gap("r@1", "chance"),))
    found = answered(asked, [tmp_path])
    assert found is not None
    (row,) = found["rows"]
    assert row["pair"] == ["r@1 of jsae", "chance"]
    assert row["difference"] == pytest.approx(row["a"] - row["b"])
    assert 0.6 < row["low"] < row["difference"] < row["high"] < 1
    assert row["p_holm"] < 0.01
    assert answered(replace(asked, centred=True), [tmp_path]) is None
    assert answered(replace(asked, sites="block:*"), [tmp_path]) is None
    assert answered(replace(asked, gaps=(Gap("r@1"),)), [tmp_path]) is None, "no floor"


def test_a_sweep_is_told_point_by_point() -> None:
    def point(weight: float, x: float, y: float, chosen: bool) -> dict[str, object]:
        means = (("ev", x), ("auc", y))
        metrics = [{"name": n, "mean": v, "ci_low": v - 0.1, "ci_high": v + 0.1} for n, v in means]
        return {"values": {"w": weight}, "metrics": metrics, "chosen": chosen, "frontier": chosen}

    places = [{"backend": "one", "points": [point(0.1, 0.9, 0.5, False), point(1, 0.8, 0.7, True)]}]
    record = {
        "method": "mine",
        "grid": {"w": [0.1, 1]},
        "seeds": [0, 1],
        "metrics": {"x": {"name": "ev"}, "y": {"name": "auc"}},
        "rule": {"says": "best auc"},
        "places": places,
    }
    lines = finding_tables.swept(record).splitlines()
    assert lines[2].endswith("Chosen: best auc.")
    assert lines[-2] == "| `one` | 0.1 | 0.900 [0.800, 1.000] | 0.500 [0.400, 0.600] |  |"
    assert lines[-1].endswith("| chosen, frontier |")


def test_what_a_sweep_that_ships_chose_is_what_its_method_or_a_preset_of_it_has() -> None:
    for path in finding_pages.SWEEPS.glob("*.json"):
        record = json.loads(path.read_text())
        assert finding_tables.swept(record)
        entry = catalogue("method")[record["method"]]
        shipped = [build(find("method", name), {}) for name in entry.names]
        chosen = [place["chosen"] for place in record["places"]]

        def has(method: object, values: dict[str, object]) -> bool:
            return all(getattr(method, field) == value for field, value in values.items())

        assert any(has(shipped[0], values) for values in chosen), path.name
        assert all(any(has(method, values) for method in shipped) for values in chosen), path.name


def test_every_experiment_that_ships_is_told_with_its_verdicts() -> None:
    files = list(finding_pages.REPRODUCED.glob("*.json"))
    assert files
    for path in files:
        record = json.loads(path.read_text())
        told = finding_tables.reproduced(record)
        assert told.count("\n| ") == len(record["rows"]) + 1
        assert all(row["verdict"] in told for row in record["rows"])


def test_seeds_are_told_by_backend_where_they_differ() -> None:
    one = {"backend": "pocket-clip", "seeds": [0, 1, 2]}
    other = {"backend": "synthetic", "seeds": [0, 1]}
    assert finding_pages.seeds_of([one, one]) == "0, 1, 2"
    assert finding_pages.seeds_of([one, other]) == "0, 1, 2 on `pocket-clip`; 0, 1 on `synthetic`"
