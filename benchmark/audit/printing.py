"""The table of an audit: a row a metric, what it does under each degradation, and the verdict."""

from __future__ import annotations

from collections import Counter
from functools import partial

from rich.console import Console
from rich.table import Table
from rich.text import Text

from benchmark.audit.expectations import DEGRADATIONS, FREE
from benchmark.audit.records import AuditDocument, Curve, MetricAudit, TaskAudit
from benchmark.audit.shown import arrow, claimed, largest, outcome, smallest, title
from benchmark.reports.consoles import fits, fitting, head, note, plain, wide
from benchmark.reports.names import short
from benchmark.reports.numbers import number

LEGEND = (
    "Spearman's ρ of score and known quality, mean over draws, and the smallest degradation that "
    "is resolved; ±0: must not move and does not;\n(ρ): may move, no claim; noise: sd over draws; "
    "MRD: minimum reliable difference, 1.96·√2·se; both the largest of what must fall"
)


def print_audits(document: AuditDocument, console: Console | None = None) -> None:
    """Every task's table, and why a metric is unreliable; what was not audited, and why."""
    console = console or wide(stderr=False)
    shown = [audit for audit in document.audits if audit.status == "audited"]
    for audit in shown:
        head(console, title(audit))
        whole = fitting(partial(table, audit), console)
        console.print(whole if fits(whole, console) else table(audit, 1, brief=True))
        for line in remarks(audit):
            note(console, line)
        console.print()
    if shown:
        note(console, LEGEND)
    for audit in document.audits:
        if audit.status == "not_applicable":
            note(
                console,
                f"{audit.task.name}: not applicable on {short(audit.backend)}: {audit.reason}",
            )
    if document.quick:
        note(console, "a smoke check: too little to judge a metric by")


def table(audit: TaskAudit, gap: int = 2, *, brief: bool = False) -> Table:
    """Rows are metrics that claim something, the main one first; in brief, ρ and verdict alone."""
    found = plain(gap)
    found.add_column("score", overflow="fold")
    names = DEGRADATIONS if brief else ("whole", "floor", *DEGRADATIONS, "noise", "MRD")
    for name in names:
        found.add_column(name, justify="right", no_wrap=True)
    found.add_column("verdict", no_wrap=True)
    for metric in claimed(audit):
        cells: list[Text | str] = [cell(curve, brief=brief) for curve in metric.curves]
        if not brief:
            ends = [number(metric.whole), number(metric.floor)]
            cells = [*ends, *cells, largest(metric, "noise"), largest(metric, "mrd")]
        found.add_row(arrow(metric), *cells, said(metric), style=weight(metric))
    return found


def weight(metric: MetricAudit) -> str | None:
    """The main score stands out."""
    return "bold" if metric.main else None


def cell(curve: Curve, *, brief: bool = False) -> Text:
    """One degradation: what was found, and what is resolved."""
    style = "dim" if curve.expected == FREE else "" if curve.holds else "red"
    told = (outcome(curve), "" if brief else smallest(curve))
    return Text(" ".join(filter(None, told)), style=style)


def said(metric: MetricAudit) -> Text:
    """The verdict in its colour."""
    style = {"reliable": "green", "unreliable": "red"}.get(metric.verdict, "dim")
    return Text(metric.verdict, style=style)


def remarks(audit: TaskAudit) -> list[str]:
    """What speaks against a metric, and how many there are of each kind."""
    lines = [f"{m.name}: {m.reason}" for m in audit.metrics if m.verdict == "unreliable"]
    counts = Counter(metric.verdict for metric in audit.metrics)
    words = [f"{counts[word]} {word}" for word in ("reliable", "unreliable") if counts[word]]
    free = [f"{counts['no claim']} without a claim"] if counts["no claim"] else []
    return [*lines, ", ".join([*words, *free])]
