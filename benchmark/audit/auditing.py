"""One backend audited: the whole dictionary, every degraded one, and the verdict on each task."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import product

from benchmark.audit.asked import Asked, Audited
from benchmark.audit.degrading import degraded
from benchmark.audit.expectations import DEGRADATIONS, WHEN, row_of
from benchmark.audit.judging import Measured, curve, verdict
from benchmark.audit.known import Known, method_for
from benchmark.audit.levels import Point
from benchmark.audit.points import Kept, Points
from benchmark.audit.records import Curve, MetricAudit, TaskAudit
from benchmark.contracts import Need, Progress, Subject, silent
from benchmark.reports.names import short
from benchmark.results import Score, TaskRecord
from benchmark.run.applicable import not_applicable
from benchmark.run.cells import package_digest
from benchmark.run.materials import Materials, gather, pick

Scored = dict[Point | None, Kept]
"""What one task made of the whole dictionary (None) and of every degraded one."""
SWEEPS = "scores all decoder blocks together: an audit degrades one dictionary at a time"
SIBLINGS = 2
"""Other draws at most that stand for other seeds of a fit."""


@dataclass
class Auditor:
    """One backend of the command."""

    asked: Asked
    points: Points
    say: Callable[[str], None] = print
    progress: Progress = silent
    found: dict[str, Scored] = field(default_factory=dict)
    stopped: dict[str, Kept] = field(default_factory=dict)
    """Tasks that cannot be audited, each with why."""

    def run(self) -> Iterator[TaskAudit]:
        """Every task of the command, in its order."""
        self._wholes()
        for degradation in DEGRADATIONS if self._left() else ():
            started, kept = time.perf_counter(), 0
            grid = product(range(self.asked.draws), self.asked.levels[1:])
            steps = [Point(degradation, level, draw) for draw, level in grid]
            for point in self.progress(steps, degradation):
                kept += self._point(point)
            self._told(degradation, len(steps), kept, time.perf_counter() - started)
        for task in self.asked.tasks:
            yield self._audit(task)

    def _left(self) -> list[Audited]:
        return [task for task in self.asked.tasks if task.name not in self.stopped]

    def _wholes(self) -> None:
        for task in self.progress(self.asked.tasks, "whole dictionary"):
            reason = self._not_applicable(task)
            if reason:
                self.stopped[task.name] = Kept(status="not_applicable", reason=reason)
            elif not self._kept(task, None):
                own = self._with_siblings(task, self.points.known.subject, None)
                self._keep(task, None, self.points.made(task, own, None))

    def _not_applicable(self, task: Audited) -> str | None:
        case = self.points.known.case
        if task.task.sweeps:
            return SWEEPS
        return not_applicable(task.task, case.method, self._materials(task))

    def _materials(self, task: Audited) -> Materials:
        """What a task is offered: another seed, too, where it asks for one."""
        materials = self.points.known.case.materials
        if not fitted_again(task):
            return materials
        return replace(materials, request=replace(materials.request, seeds=(0, 1)))

    def _with_siblings(self, task: Audited, subject: Subject, point: Point | None) -> Subject:
        """With other fits, for a task that asks for them: the whole dictionary comes back as it
        was, a degraded one as the other draws of the same degradation have it.
        """
        if not fitted_again(task):
            return subject
        if point is None:
            return replace(subject, siblings=(subject.artifact,))
        draws = [d for d in range(self.asked.draws) if d != point.draw][:SIBLINGS]
        others = (degraded(self.points.known.subject, replace(point, draw=d)) for d in draws)
        return replace(subject, siblings=tuple(other.artifact for other in others))

    def _point(self, point: Point) -> bool:
        """Scores every task that lacks the point on one degraded subject; whether none did."""
        missing = [task for task in self._left() if not self._kept(task, point)]
        if missing:
            subject = degraded(self.points.known.subject, point)
            for task in missing:
                own = self._with_siblings(task, subject, point)
                self._keep(task, point, self.points.made(task, own, point))
        return not missing

    def _kept(self, task: Audited, point: Point | None) -> bool:
        kept = self.points.kept(task, point)
        if kept is not None:
            self._keep(task, point, kept)
        return kept is not None

    def _keep(self, task: Audited, point: Point | None, kept: Kept) -> None:
        self.found.setdefault(task.name, {})[point] = kept
        if kept.status == "failed" or (point is None and kept.status != "scored"):
            self.stopped[task.name] = kept

    def _told(self, degradation: str, n: int, kept: int, seconds: float) -> None:
        where = short(self.points.known.materials.backend.name)
        before = f", {kept} of them kept" if kept else ""
        says = WHEN[degradation]  # type: ignore[index]
        self.say(f"{where} · {degradation}, {says}: {n} dictionaries{before} ({seconds:.0f} s)")

    def _audit(self, task: Audited) -> TaskAudit:
        m, entry = self.points.known.materials, task.choice.entry
        stopped = self.stopped.get(task.name)
        status = "audited" if stopped is None else stopped.status
        metrics = () if stopped else tuple(self._metrics(task, self.found[task.name]))
        return TaskAudit(
            task=TaskRecord(name=task.name, version=task.task.version),
            code=entry.digest,
            method=self.points.known.choice.name,
            backend=m.backend.name,
            backend_revision=m.backend.revision,
            data=m.data.name,
            data_revision=m.data.revision,
            site=m.site.name,
            limit=m.request.limit,
            package=package_digest(),
            levels=self.asked.levels,
            draws=self.asked.draws,
            status=status,  # type: ignore[arg-type]
            reason=stopped.reason if stopped else None,
            metrics=metrics,
        )

    def _metrics(self, task: Audited, scored: Scored) -> Iterator[MetricAudit]:
        whole = sorted(scored[None].scores, key=lambda score: not score.main)
        for score in whole:
            curves = tuple(self._curves(task, score, scored))
            word, reason = verdict(curves)
            yield MetricAudit(
                name=score.name,
                main=score.main,
                unit=score.unit,
                higher_is_better=score.higher_is_better,
                whole=score.value,
                floor=score.floor,
                verdict=word,
                reason=reason,
                curves=curves,
            )

    def _curves(self, task: Audited, score: Score, scored: Scored) -> Iterator[Curve]:
        row, (_, *levels) = row_of(score.name, task.table), self.asked.levels
        draws = range(self.asked.draws)
        for kind in DEGRADATIONS:
            table = [[scored[Point(kind, level, i)] for i in draws] for level in levels]
            values = [[kept.values.get(score.name) for kept in found] for found in table]
            errors = [found[0].ses.get(score.name) for found in table]
            yield curve(
                Measured(
                    degradation=kind,
                    expected=row.of(kind),
                    levels=self.asked.levels,
                    values=[[score.value] * len(draws), *values],
                    item_se=[score.se, *errors],
                    higher_is_better=score.higher_is_better,
                    why=row.why,
                )
            )


def fitted_again(task: Audited) -> bool:
    """Whether a task compares a fit with another one."""
    return Need.SECOND_SEED in task.task.needs


def auditor(
    spec: str, asked: Asked, say: Callable[[str], None] = print, progress: Progress = silent
) -> Auditor:
    """Opens a backend and finds the dictionary that is known there. Raises ValueError."""
    opened = gather(spec, asked.request, progress, say)
    materials = opened.at(pick(opened.backend, asked.request.sites)[0])
    known = Known(materials, method_for(materials))
    provided = materials.provides | known.case.method.provides
    folder = asked.request.output / "points"
    return Auditor(asked, Points(folder, known, provided, asked.traceback), say, progress)
