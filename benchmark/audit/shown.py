"""What of an audit people are shown: which metrics, and one panel of numbers in words."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.audit.expectations import FALL, FREE, STILL
from benchmark.audit.records import Curve, MetricAudit, TaskAudit
from benchmark.audit.wording import floored
from benchmark.reports.names import short
from benchmark.reports.numbers import number

WORLD = "synthetic:audit"
"""The default: small enough for 161 dictionaries in ten minutes on one core, and concepts frequent
enough for every metric. `synthetic` itself takes an hour."""
MOST = 12
"""Metrics of a task that claims nothing."""
RIGHT, WRONG = "✓", "✗"


def claimed(audit: TaskAudit) -> list[MetricAudit]:
    """Metrics that claim something; the first of all where none does."""
    found = [metric for metric in audit.metrics if metric.verdict != "no claim"]
    return found or list(audit.metrics[:MOST])


def graded(audit: TaskAudit) -> list[MetricAudit]:
    """Those of them that have a curve to look at: something must fall, or did not hold.

    A part (`r@1/i2t` of `r@1`) that does as well as the whole is left to the table.
    """
    shown = claimed(audit)
    names = {metric.name for metric in shown}
    found = [m for m in shown if FALL in expectations(m) and not _within(m.name, names)]
    kept = {m.name for m in found} | {m.name for m in shown if m.verdict == "unreliable"}
    return [m for m in shown if m.name in kept] or shown


def _within(name: str, names: set[str]) -> bool:
    """Whether a metric is one modality's, or one way's, part of another."""
    whole, _, part = name.rpartition("/")
    return part in ("image", "text", "i2t", "t2i") and whole in names


def expectations(metric: MetricAudit) -> set[str]:
    """What is expected of a metric, over all degradations."""
    return {curve.expected for curve in metric.curves}


def title(audit: TaskAudit) -> str:
    """`retrieval · pocket-clip · labelled degraded · 9 levels, 5 draws`."""
    size = f"{len(audit.levels)} levels, {audit.draws} draws"
    limit = [f"first {audit.limit:,} images"] if audit.limit else []
    where = [short(audit.backend), audit.site, f"{audit.method} degraded"]
    return " · ".join([audit.task.name, *where, *limit, size])


def arrow(metric: MetricAudit) -> str:
    """The name, and which way is better."""
    mark = {True: " ↑", False: " ↓", None: ""}[metric.higher_is_better]
    return f"{metric.name}{mark}"


def outcome(curve: Curve) -> str:
    """`0.98 ✓`, `±0 ✓`, `0.71 ✗`; in parentheses where nothing is claimed."""
    rank = "–" if curve.spearman is None else floored(curve.spearman)
    if curve.expected == FREE:
        return f"({rank})"
    if curve.expected == STILL and curve.holds:
        return f"±0 {RIGHT}"
    return f"{rank} {RIGHT if curve.holds else WRONG}"


def smallest(curve: Curve) -> str:
    """`6 %`: the smallest degradation that is told from the whole; of what must fall alone."""
    if curve.expected != FALL:
        return ""
    return "never" if curve.resolved is None else f"{100 * curve.resolved:.0f} %"


def largest(metric: MetricAudit, name: str) -> str:
    """The largest noise, or minimum reliable difference, of any degradation that says something."""
    curves: Sequence[Curve] = [c for c in metric.curves if c.expected == FALL] or metric.curves
    values = [value for curve in curves if (value := getattr(curve, name)) is not None]
    return number(max(values)) if values else ""
