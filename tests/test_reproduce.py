"""Experiments of papers: verdicts by hand, and one that runs from its command to its table."""

from __future__ import annotations

import json
import shlex
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmark.__main__ import main
from benchmark.command.arguments import parser
from benchmark.registry import find
from benchmark.reproduce import catalogue
from benchmark.reproduce.catalogue import EXPERIMENTS
from benchmark.reproduce.claims import Apart, Bound, Claim, Course, Differs, Published, Row, Same
from benchmark.reproduce.experiment import Asked, Experiment, Size
from benchmark.reproduce.found import Estimate


@dataclass
class Given:
    """What was found, made up: means by (label, metric), differences by metric."""

    means: dict[tuple[str, str], Estimate] = field(default_factory=dict)
    differences: dict[str, Estimate] = field(default_factory=dict)

    def mean(self, label: str, _: str, metric: str, **__: Any) -> Estimate:
        return self.means[label, metric]

    def difference(self, *names: str, **_: Any) -> Estimate:
        return self.differences[names[-1]]


def verdict(claim: Claim, given: Given) -> str:
    (row,) = claim.rows(given)  # type: ignore[arg-type]
    assert isinstance(row, Row)
    return row.verdict


@pytest.mark.parametrize(
    ("low", "high", "sign", "wanted"),
    [
        (0.1, 0.3, 1, "holds"),
        (-0.3, -0.1, 1, "does not hold"),
        (-0.1, 0.3, 1, "not resolved"),
        (-0.3, -0.1, -1, "holds"),
        (0.1, 0.3, -1, "does not hold"),
        (None, None, 1, "not resolved"),
    ],
)
def test_a_difference_is_resolved_by_its_interval_alone(
    low: float | None, high: float | None, sign: Any, wanted: str
) -> None:
    value = 0.2 if low is None or high is None else (low + high) / 2
    given = Given(differences={"m": Estimate(value, low, high)})
    assert verdict(Differs("", "l", "a", "b", "m", sign), given) == wanted


@pytest.mark.parametrize(
    ("estimate", "wanted"),
    [
        (Estimate(0.0, 0.0, 0.0), "holds"),
        (Estimate(0.2, 0.1, 0.3), "does not hold"),
        (Estimate(0.0, -0.1, 0.1), "not resolved"),
    ],
)
def test_equal_means_the_whole_interval(estimate: Estimate, wanted: str) -> None:
    assert verdict(Same("", "l", "a", "b", "m"), Given(differences={"m": estimate})) == wanted


def course(*estimates: Estimate) -> Given:
    return Given(means={(str(i), "m"): each for i, each in enumerate(estimates)})


@pytest.mark.parametrize(
    ("values", "kind", "within", "wanted"),
    [
        ((0.1, 0.3, 0.9), "rises", 0.0, "holds"),
        ((0.1, 0.9, 0.3), "rises", 0.0, "does not hold"),
        ((0.9, 0.3, 0.1), "falls", 0.0, "holds"),
        ((0.1, 0.11, 0.12), "rises", 0.0, "not resolved"),
        ((0.1, 0.099, 0.9), "rises", 0.01, "holds"),
        ((0.1, 0.11, 0.1), "flat", 0.02, "holds"),
        ((0.1, 0.2, 0.1), "flat", 0.02, "does not hold"),
    ],
)
def test_a_course_goes_one_way_and_its_ends_are_apart(
    values: tuple[float, ...], kind: Any, within: float, wanted: str
) -> None:
    labels = tuple(map(str, range(len(values))))
    given = course(*(Estimate(v, v - 0.05, v + 0.05) for v in values))
    assert verdict(Course("", labels, "a", "m", kind, within), given) == wanted


def test_a_published_value_is_held_against_ours_only_where_it_may_be() -> None:
    given = Given(means={("l", "m"): Estimate(0.14, 0.13, 0.15)})
    assert verdict(Published("", "l", "a", "m", 0.18, 0.05), given) == "within"
    assert verdict(Published("", "l", "a", "m", 0.20, 0.05), given) == "outside"
    assert verdict(Published("", "l", "a", "m", 0.90), given) == "beside"


def test_bounds_and_pairs_of_metrics() -> None:
    means = {("l", "x"): Estimate(0.9, 0.8, 1.0), ("l", "y"): Estimate(0.5, 0.4, 0.85)}
    given = Given(means=means | {("l", "z"): Estimate(3.0)})
    assert verdict(Bound("", "l", "a", "x", 0.7), given) == "holds"
    assert verdict(Bound("", "l", "a", "x", 0.85), given) == "not resolved"
    assert verdict(Bound("", "l", "a", "x", 0.7, -1), given) == "does not hold"
    assert verdict(Bound("", "l", "a", "z", 2.5), given) == "holds"
    assert verdict(Apart("", "l", "a", "x", "y"), given) == "not resolved"
    given.means["l", "y"] = Estimate(0.5, 0.4, 0.6)
    assert verdict(Apart("", "l", "a", "x", "y"), given) == "holds"
    assert verdict(Apart("", "l", "a", "y", "x"), given) == "does not hold"


@pytest.mark.parametrize("name", sorted(EXPERIMENTS))
@pytest.mark.parametrize("quick", [True, False], ids=["quick", "full"])
def test_every_run_can_be_asked_for_and_every_claim_has_its_run(name: str, quick: bool) -> None:
    size = EXPERIMENTS[name].quick if quick else EXPERIMENTS[name].full
    labels = [asked.label for asked in size.runs]
    assert len(set(labels)) == len(labels)
    methods: dict[str, list[str]] = {}
    sites: dict[str, list[str]] = {}
    for asked in size.runs:
        told = parser().parse_args(["run", *shlex.split(asked.arguments)])
        methods[asked.label] = told.method
        sites[asked.label] = told.site or []
        for method in told.method:
            find("method", method)
        for task in told.task:
            find("task", task)
    for claim in size.claims:
        named = {getattr(claim, each, None) for each in ("method", "a", "b")} - {None}
        at = getattr(claim, "labels", None) or (claim.label,)  # type: ignore[attr-defined]
        for label in at:
            assert named <= set(methods[label]), claim
            site = getattr(claim, "site", None)
            assert site is None or site in sites[label], f"{claim} is of a site that nobody reads"


TINY = "--backend synthetic:tiny --task ground_truth --set n_latents=64 --set k=4 --set steps=20"
PLANTED = Experiment(
    name="planted",
    asks="Is anything better than chance?",
    source="nowhere",
    quick=Size(
        "tiny",
        (Asked("one", f"--method oracle random {TINY}"),),
        (
            Differs("the truth is found by who knows it", "one", "oracle", "random", "recovery@.9"),
            Published("recovered", "one", "oracle", "recovery@.9", 1.0, 0.01),
            Published("never measured", "one", "oracle", "nothing", 1.0),
        ),
        (0,),
    ),
    full=Size("tiny", (), (), (0,)),
    not_here="anything else",
)


def test_an_experiment_runs_from_its_command_to_its_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(catalogue.EXPERIMENTS, "planted", PLANTED)
    words = ["reproduce", "planted", "--quick", "--output-path", str(tmp_path), "--device", "cpu"]
    assert main(words) == 0
    told = capsys.readouterr()
    lines = told.out.splitlines()
    assert [
        line.split("  ")[-1] for line in lines if line.startswith(("the truth", "recovered"))
    ] == [
        "holds",
        "within",
    ]
    assert any("not there" in line and "nothing" in line for line in lines)
    assert lines[-1] == "Not here: anything else."
    assert "$ python -m benchmark run --method oracle random" in told.err
    kept = json.loads((tmp_path / "planted" / "quick" / "reproduced.json").read_text())
    assert [row["verdict"] for row in kept["rows"]] == ["holds", "within", "not resolved"]
    assert kept["commands"][0].startswith("python -m benchmark run ")


def test_without_a_name_it_lists_and_a_wrong_name_is_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["reproduce"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(EXPERIMENTS)
    assert main(["reproduce", "heterogeneity-alfa"]) == 2
    assert "did you mean heterogeneity-alpha" in capsys.readouterr().err
