"""The `audit` verb: audits, then shows the table, the figures and where everything went."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.audit.asked import Asked, asked
from benchmark.audit.auditing import auditor
from benchmark.audit.figure import figure
from benchmark.audit.printing import print_audits
from benchmark.audit.records import AuditDocument, TaskAudit, write_audit
from benchmark.provenance import environment
from benchmark.run.running import bar, now, quiet_libraries, say, told
from benchmark.run.shelf import driver


def audit_verb(arguments: argparse.Namespace) -> int:
    """0 where every metric does what is expected, 1 where one does not, 2 where a task failed.

    A smoke check says no more than that the audit runs: 0 unless a task failed.
    """
    wanted, started = asked(arguments), now()
    quiet_libraries()
    document = AuditDocument(
        quick=wanted.quick,
        arguments=told(arguments),
        environment=environment(wanted.request.device, driver(wanted.request.device)),
        started=started,
        finished=now(),
        audits=tuple(audits(wanted, quiet=arguments.quiet)),
    ).model_copy(update={"finished": now()})
    path = wanted.request.output / "audit.json"
    write_audit(path, document)
    if not arguments.quiet:
        show(document, path)
    return verdict(document)


def audits(wanted: Asked, *, quiet: bool) -> list[TaskAudit]:
    """Every task on every backend of the command."""
    tell, progress = say(quiet), bar(quiet)
    each = [auditor(spec, wanted, tell, progress) for spec in wanted.request.backends]
    return [audit for one in each for audit in one.run()]


def show(document: AuditDocument, path: Path) -> None:
    """The table on stdout; figures, and where things are, on stderr."""
    print_audits(document)
    print(f"    audit: {path}", file=sys.stderr)
    for audit in document.audits:
        place = figure(audit, path.parent / "audit")
        if place is not None:
            print(f"   figure: {place}", file=sys.stderr)


def verdict(document: AuditDocument) -> int:
    """Says what went wrong, each in a line, and the exit code it makes."""
    failed: Sequence[TaskAudit] = [a for a in document.audits if a.status == "failed"]
    for audit in failed:
        print(f"error: {audit.task.name}: {audit.reason}", file=sys.stderr)
    wrong = any(m.verdict == "unreliable" for a in document.audits for m in a.metrics)
    return 2 if failed else int(wrong and not document.quick)
