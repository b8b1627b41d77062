"""Records of an audit, `audit.json`: every score that was found, and the verdict on each metric."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from benchmark.audit.expectations import Degradation, Expectation
from benchmark.results import Environment, TaskRecord
from benchmark.results.records import Json
from benchmark.results.scores import Name, Record
from benchmark.results.storage import one_line, write_whole

Verdict = Literal["reliable", "unreliable", "no claim"]
Amount = Annotated[float, Field(ge=0)]
Rank = Annotated[float, Field(ge=-1, le=1)]


class Curve(Record):
    """One metric under one degradation, over all levels of the audit."""

    degradation: Degradation
    expected: Expectation
    why: str | None = None
    """Why nothing is claimed."""
    values: tuple[tuple[float | None, ...], ...] = Field(strict=False)
    """Level by level, draw by draw; null where the metric has no value."""
    item_se: tuple[Amount | None, ...] = Field(strict=False)
    """Level by level, the standard error over items of the first draw."""
    spearman: Rank | None = None
    """Between known quality and score, better scores higher: mean over draws. Null: too few."""
    spearman_low: Rank | None = None
    spearman_high: Rank | None = None
    """95 % over draws, by t."""
    noise: Amount | None = None
    """Standard deviation over draws of one level: the median of all."""
    se: Amount | None = None
    """√(noise²/draws + item_se²), the median over levels."""
    mrd: Amount | None = None
    """Minimum reliable difference, 1.96·√2·se."""
    resolved: Amount | None = None
    """The smallest level that is worse than the whole by more than that; null: none."""
    holds: bool | None = None
    """Whether it does what is expected; null where it may move."""
    reason: str | None = None
    """Why not, in words."""


class MetricAudit(Record):
    """One metric of a task on one backend."""

    name: Name
    main: bool = False
    unit: Name
    higher_is_better: bool | None = None
    whole: float
    floor: float | None = None
    """The task's own, of the whole dictionary."""
    verdict: Verdict
    reason: str | None = None
    curves: tuple[Curve, ...] = Field(default=(), strict=False)


class TaskAudit(Record):
    """One task on one backend, judged by the dictionary whose quality is known there."""

    task: TaskRecord
    code: str
    """sha256 of the task's file."""
    method: Name
    backend: Name
    backend_revision: str
    data: Name
    data_revision: str
    site: Name
    limit: int | None = None
    package: str
    """Digest of the code of ours that scores depend on."""
    levels: tuple[float, ...] = Field(strict=False)
    draws: int
    status: Literal["audited", "not_applicable", "failed"]
    reason: str | None = None
    metrics: tuple[MetricAudit, ...] = Field(default=(), strict=False)


class AuditDocument(Record):
    """Everything that one audit says."""

    schema_version: Literal[1] = 1
    quick: bool = False
    """A smoke check: its verdicts say that the audit runs, not that a metric is sound."""
    arguments: Json = {}
    environment: Environment | None = None
    started: str | None = None
    finished: str | None = None
    audits: tuple[TaskAudit, ...] = Field(default=(), strict=False)


def unreliable(document: AuditDocument) -> Mapping[tuple[str, str, str], str]:
    """Why a metric should not be ranked by: (backend, task, metric) → the reason in words."""
    return {
        (audit.backend, audit.task.name, metric.name): metric.reason or ""
        for audit in document.audits
        for metric in audit.metrics
        if metric.verdict == "unreliable"
    }


def write_audit(path: Path, document: AuditDocument) -> None:
    """Writes a document whole or not at all."""
    write_whole(path, (document.model_dump_json(indent=1) + "\n").encode())


def read_audit(path: Path) -> AuditDocument:
    """A document from a file. Raises ValueError in one line where it is none."""
    try:
        return AuditDocument.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ValueError(f"{path} is no audit document: {one_line(error)}") from None
