"""What a task has to show, drawn: single cases, and curves over what was tried. One file a cell."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

import numpy as np

from benchmark.contracts import Chart, Curve, Exhibit, Exhibited
from benchmark.reports.saving import saved
from benchmark.statistics import estimates

WIDE, TALL, CHART, LINE = 2.6, 3.6, 3.6, 0.13
"""Inches: a case, the figure at least, a chart, a line under a picture."""
LETTERS, DPI = 40, 160
MARK, CHOSEN, INK, ZERO = "#d62728", "#9a9a9a", "#333333", "#c4c4c4"
COLOURS = ("#0b5c8a", "#3d7a3d", "#b07800", "#b5382a")
STYLES = ("-", "-", ":", "--")


def draw_exhibit(exhibit: Exhibit, title: str, path: Path) -> Path:
    """Writes the picture. Raises StorageError where it cannot be written."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    ratios = [WIDE] * len(exhibit.cases) + [CHART] * len(exhibit.charts)
    most = max((len(_lines(case)) for case in exhibit.cases), default=0)
    drawn, axes = plt.subplots(
        1,
        len(ratios),
        figsize=(sum(ratios), max(TALL, WIDE + LINE * (most + 3))),
        width_ratios=ratios,
        squeeze=False,
        layout="constrained",
    )
    for axis, case in zip(axes[0], exhibit.cases, strict=False):
        _case(axis, case)
    for axis, chart in zip(axes[0][len(exhibit.cases) :], exhibit.charts, strict=True):
        _chart(axis, chart)
    drawn.suptitle(title, fontsize=8, x=0.01, ha="left")
    return saved(drawn, path, DPI)


def _case(axis: Any, case: Exhibited) -> None:
    """A picture with what is marked in it, and what is told of it underneath."""
    from matplotlib.patches import Rectangle

    axis.set_title(case.title, fontsize=7, loc="left", color=INK)
    axis.set_axis_off()
    if case.picture is not None:
        picture = np.asarray(case.picture)
        high, wide = picture.shape[:2]
        axis.imshow(picture, interpolation="nearest")
        axis.set_anchor("N")  # what is told hangs under it
        for left, top, right, bottom in case.boxes:
            at = left * wide - 0.5, top * high - 0.5
            size = (right - left) * wide, (bottom - top) * high
            axis.add_patch(Rectangle(at, *size, fill=False, lw=1.2, edgecolor=MARK))
    y, told = 1.0 if case.picture is None else -0.03, "\n".join(_lines(case))
    axis.text(0, y, told, transform=axis.transAxes, va="top", fontsize=6.5, color=INK)


def _lines(case: Exhibited) -> list[str]:
    """What is told of a case, no line longer than its picture is wide."""
    return [part for line in case.lines for part in textwrap.wrap(line, LETTERS)]


def _chart(axis: Any, chart: Chart) -> None:
    """Every curve with its intervals; the value that was chosen as a line."""
    for curve, colour, style in zip(chart.curves, COLOURS, STYLES, strict=False):
        low, value, high = _points(curve)
        looks = {"color": colour, "lw": 1.2, "marker": "o", "ms": 2.5}
        axis.plot(curve.at, value, style, label=curve.name, **looks)
        axis.fill_between(curve.at, low, high, color=colour, alpha=0.12, lw=0)
    if chart.chosen is not None:
        axis.axvline(chart.chosen, color=CHOSEN, lw=0.9, ls="--", zorder=0)
        at = {"xycoords": axis.get_xaxis_transform(), "va": "top"}
        axis.annotate(" chosen", (chart.chosen, 1.0), fontsize=6, color=CHOSEN, **at)
    if chart.shares:
        axis.set_ylim(-0.02, 1.02)
    else:
        axis.axhline(0, color=ZERO, lw=0.8, zorder=0)
    axis.set_xlabel(chart.over, fontsize=7)
    axis.set_ylabel(chart.score, fontsize=7)
    axis.tick_params(labelsize=6.5, length=2)
    axis.legend(fontsize=6, frameon=False, loc="best")
    for name in ("top", "right"):
        axis.spines[name].set_visible(False)


def _points(curve: Curve) -> tuple[list[float], list[float], list[float]]:
    """Lower ends, values and upper ends of the 95 % intervals."""
    found = estimates({str(i): each for i, each in enumerate(curve.units)})
    each = [found[str(i)] for i in range(len(curve.units))]
    low = [e.value if e.low is None else e.low for e in each]
    high = [e.value if e.high is None else e.high for e in each]
    return low, [e.value for e in each], high
