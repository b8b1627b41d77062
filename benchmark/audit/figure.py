"""The figure of one audited task: metrics over degradations, each score against known quality."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path
from typing import Any

from benchmark.audit.expectations import DEGRADATIONS, WHEN
from benchmark.audit.panel import BAD, FAINT, GOOD, INK, draw, limits
from benchmark.audit.records import MetricAudit, TaskAudit
from benchmark.audit.shown import arrow, graded, title
from benchmark.reports.names import short
from benchmark.reports.saving import saved

PANEL, TALL, LABEL, HEAD, LINE = 1.75, 0.86, 1.75, 0.62, 0.115
"""Inches: a panel's width and height, names at the left, what stands over all, a line of text."""
DPI = 170
READ = (
    "dots: mean over draws; band: ± reseed noise (sd over draws); dashed: the task's floor; bar at "
    "the right: minimum reliable difference, hung from the whole; ring: smallest degradation that "
    "is resolved, told in % over the panel; ρ: Spearman with known quality"
)


def figure(audit: TaskAudit, folder: Path) -> Path | None:
    """Writes the picture; None where nothing was audited."""
    shown = graded(audit)
    if not shown:
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns

    sns.set_theme(style="white", context="paper", font="DejaVu Sans")
    wide = LABEL + PANEL * len(DEGRADATIONS)
    words = caption(shown, int(wide * 21))
    foot = LINE * (words.count("\n") + 1) + 0.42
    tall = HEAD + TALL * len(shown) + foot
    drawn, axes = plt.subplots(len(shown), len(DEGRADATIONS), figsize=(wide, tall), squeeze=False)
    drawn.subplots_adjust(
        left=LABEL / wide,
        right=1 - 0.1 / wide,
        top=1 - HEAD / tall,
        bottom=foot / tall,
        wspace=0.1,
        hspace=0.42,
    )
    for row, metric in zip(axes, shown, strict=True):
        line(row, metric, audit)
    for axis, name in zip(axes[0], DEGRADATIONS, strict=True):
        over(axis, name, WHEN[name])
    for axis in axes[-1]:
        axis.tick_params(axis="x", labelbottom=True)
        axis.set_xlabel("known quality", fontsize=6, color=INK, labelpad=1)
    drawn.suptitle(title(audit), x=0.08 / wide, y=1 - 0.08 / tall, ha="left", va="top", fontsize=8)
    drawn.text(0.08 / wide, 0.06 / tall, words, fontsize=5.8, color=INK, va="bottom")
    return saved(drawn, folder / f"{name_of(audit)}.png", DPI)


def name_of(audit: TaskAudit) -> str:
    """A file name for people: task and backend."""
    return re.sub(r"[^\w.=,]+", "-", f"{audit.task.name}-{short(audit.backend)}").strip("-")


def line(axes: Any, metric: MetricAudit, audit: TaskAudit) -> None:
    """One metric under every degradation, on one axis."""
    low, high = limits(metric)
    for axis, curve in zip(axes, metric.curves, strict=True):
        draw(axis, metric, curve, audit.levels)
        axis.set(xlim=(-0.05, 1.1), ylim=(low, high), xticks=(0, 0.5, 1))
        axis.tick_params(labelsize=5.5, length=2, pad=1.5, labelbottom=False)
        axis.tick_params(axis="y", labelleft=axis is axes[0])
        for side in ("top", "right"):
            axis.spines[side].set_visible(False)
        for side in ("left", "bottom"):
            axis.spines[side].set(color=FAINT, linewidth=0.7)
    label(axes[0], metric)


def label(axis: Any, metric: MetricAudit) -> None:
    """The metric and its verdict, at the left."""
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "ha": "right"}
    weight = "bold" if metric.main else "normal"
    name = folded(arrow(metric))
    axis.annotate(name, (0, 0.5), (-28, 1), fontsize=6.5, va="bottom", fontweight=weight, **at)
    colour = {"reliable": GOOD, "unreliable": BAD}.get(metric.verdict, INK)
    axis.annotate(metric.verdict, (0, 0.5), (-28, -1), fontsize=6, va="top", color=colour, **at)


def folded(name: str, width: int = 21) -> str:
    """A long name in two lines or more, parted after slashes."""
    lines = [""]
    for part in re.findall(r"[^/]+/?", name):
        if lines[-1] and len(lines[-1]) + len(part) > width:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def over(axis: Any, name: str, says: str) -> None:
    """What is done to the dictionary, over its column."""
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(name, (0, 1), (0, 19), fontsize=7.5, fontweight="bold", **at)
    axis.annotate(says, (0, 1), (0, 11), fontsize=5.8, color=INK, **at)


def caption(shown: list[MetricAudit], width: int) -> str:
    """How to read it, then what speaks against each metric."""
    lines = [READ, *(f"{m.name}: {m.reason}" for m in shown if m.verdict == "unreliable")]
    return "\n".join(textwrap.fill(text, width) for text in lines)
