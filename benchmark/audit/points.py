"""Scores of one task on one degraded dictionary: made once, kept in a file, whole or not at all."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, ValidationError

from benchmark.audit.asked import Audited
from benchmark.audit.known import Known
from benchmark.audit.levels import Point
from benchmark.contracts import Need, NotApplicableError, Subject
from benchmark.messages.raised import failure, one_line
from benchmark.messages.storage import StorageError
from benchmark.results import Score, canonical, write_whole
from benchmark.results.scores import Record
from benchmark.run.cells import package_digest
from benchmark.run.scoring import measured, score
from benchmark.statistics import estimates

WHOLE = "whole"


class Kept(Record):
    """What a task made of one dictionary; `scores` have floors, and are of the whole alone."""

    status: Literal["scored", "not_applicable", "failed"] = "scored"
    reason: str | None = None
    scores: tuple[Score, ...] = Field(default=(), strict=False)
    values: dict[str, float] = {}
    ses: dict[str, float | None] = {}
    """Standard errors over items, of a first draw alone."""


@dataclass(frozen=True)
class Points:
    """The points of one backend; `folder` may hold those of others, keys tell them apart."""

    folder: Path
    known: Known
    provided: frozenset[Need]
    traceback: bool = False

    def file(self, of: Audited, point: Point | None) -> Path:
        """Where a point is kept: named by all that decides its numbers."""
        m, case = self.known.materials, self.known.case
        entry = of.choice.entry
        facts = [
            [entry.name, of.task.version, entry.digest],
            [case.choice.name, case.choice.entry.digest, case.config],
            [m.backend.name, m.backend.revision, m.data.name, m.data.revision],
            [m.site.name, m.request.limit, package_digest()],
            WHOLE if point is None else [point.degradation, point.level, point.draw],
        ]
        return self.folder / f"{hashlib.sha256(canonical(facts).encode()).hexdigest()}.json"

    def kept(self, of: Audited, point: Point | None) -> Kept | None:
        """What an earlier audit left whole; one that failed is tried again."""
        try:
            found = Kept.model_validate_json(self.file(of, point).read_bytes())
        except (OSError, ValidationError):
            return None
        return found if found.status != "failed" else None

    def made(self, of: Audited, subject: Subject, point: Point | None) -> Kept:
        """Scores a subject and keeps what was found; what goes wrong becomes its status."""
        try:
            found = self._whole(of, subject) if point is None else degraded(of, subject, point)
        except StorageError:
            raise
        except NotApplicableError as error:
            found = Kept(status="not_applicable", reason=one_line(error))
        except Exception as error:
            if self.traceback:
                raise
            return Kept(status="failed", reason=failure(error, of.choice.entry.path))
        write_whole(self.file(of, point), found.model_dump_json().encode())
        return found

    def _whole(self, of: Audited, subject: Subject) -> Kept:
        memo: dict[Any, Any] = {}
        found = score(of.task, subject, self.provided, memo)
        return Kept(scores=tuple(s for s in found.scores if s.variant == "full"))


def degraded(of: Audited, subject: Subject, point: Point) -> Kept:
    """Values of every metric; of a first draw with their standard errors over items."""
    units = measured(of.task, subject)
    found = estimates(units, intervals=point.draw == 0)
    values = {name: each.value for name, each in found.items()}
    errors: Mapping[str, float | None] = {name: each.se for name, each in found.items()}
    return Kept(values=values, ses=dict(errors) if point.draw == 0 else {})
