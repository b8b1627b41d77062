"""What the leaderboard keeps of audits: verdicts with their reason, the newest of a task."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmark.audit.records import AuditDocument, Curve, MetricAudit, TaskAudit, write_audit
from benchmark.results import TaskRecord
from leaderboards import audits

KINDS = ("rotated", "dropped", "shuffled", "mixed")


def metric(name: str, verdict: Any, rho: float = 1.0, **more: Any) -> MetricAudit:
    curves = tuple(
        Curve(degradation=kind, expected="must fall", values=(), item_se=(), spearman=rho)  # type: ignore[arg-type]
        for kind in KINDS
    )
    return MetricAudit(name=name, unit="image", whole=1.0, verdict=verdict, curves=curves, **more)


def document(*metrics: MetricAudit, backend: str = "pocket-clip", quick: bool = False) -> Any:
    audit = TaskAudit(
        task=TaskRecord(name="retrieval", version=1),
        code="c0de",
        method="labelled",
        backend=backend,
        backend_revision="r",
        data="scenes",
        data_revision="r",
        site="embedding",
        package="p",
        levels=(0.0, 1.0),
        draws=2,
        status="audited",
        metrics=metrics,
    )
    return AuditDocument(quick=quick, audits=(audit,))


GOOD = metric("r@1", "reliable", main=True)
BAD = metric("tie_rate", "unreliable", 0.4, reason="does not follow quality")
FREE = metric("l0", "no claim")


def test_what_claims_nothing_is_not_kept_and_what_fails_has_its_reason() -> None:
    known = audits.merged([], list(audits.rows(document(GOOD, BAD, FREE))))
    assert [each["metric"] for each in known] == ["r@1", "tie_rate"]
    where = ("pocket-clip", "retrieval", "tie_rate")
    assert audits.unreliable(known) == {where: "does not follow quality"}
    told = audits.text(known)
    assert "| `pocket-clip` | `retrieval` | `r@1` | 1.00 | 1.00 | 1.00 | 1.00 | reliable |" in told
    assert "2 metrics are held to something, 1 fail:" in told
    assert told.endswith("`tie_rate` of `retrieval` on `pocket-clip`: does not follow quality")


def test_a_task_that_is_audited_anew_replaces_itself_alone() -> None:
    known = audits.merged([], list(audits.rows(document(BAD))))
    both = audits.merged(known, list(audits.rows(document(BAD, backend="other"))))
    assert len(both) == 2
    again = audits.merged(both, list(audits.rows(document(GOOD))))
    assert [(e["backend"], e["metric"]) for e in again] == [
        ("other", "tie_rate"),
        ("pocket-clip", "r@1"),
    ]


def test_the_command_keeps_audits_and_refuses_smoke_checks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(audits, "KEPT", tmp_path / "audits.json")
    write_audit(tmp_path / "whole.json", document(GOOD))
    write_audit(tmp_path / "quick.json", document(GOOD, quick=True))
    monkeypatch.setattr("sys.argv", ["audits", str(tmp_path / "whole.json")])
    assert audits.main() == 0
    assert [each["metric"] for each in json.loads(audits.KEPT.read_text())] == ["r@1"]
    monkeypatch.setattr("sys.argv", ["audits", str(tmp_path / "quick.json")])
    assert audits.main() == 2
    assert "a quick audit says that audits run" in capsys.readouterr().err
