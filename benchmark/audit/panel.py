"""One panel of an audit's figure: a score against known quality."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from benchmark.audit.expectations import FALL, FREE
from benchmark.audit.records import Curve, MetricAudit
from benchmark.audit.shown import outcome, smallest

LINE, FREE_LINE, FLOOR, BAR = "#0b5c8a", "#8a8a8a", "#b5382a", "#b07800"
GOOD, BAD, INK, FAINT = "#2f7a35", "#b5382a", "#555555", "#c4c4c4"
MARGIN = 0.08


def limits(metric: MetricAudit) -> tuple[float, float]:
    """What all panels of a metric show: every mean with its noise, and the floor."""
    ends = [] if metric.floor is None else [metric.floor]
    for curve in metric.curves:
        _, mean, spread = means(curve, levels=None)
        ends += [*(mean - spread), *(mean + spread)]
    low, high = min(ends), max(ends)
    room = MARGIN * (high - low) or 0.1 * abs(high) or 1.0
    return low - room, high + room


def means(curve: Curve, levels: Sequence[float] | None) -> tuple[Any, Any, Any]:
    """Known quality, mean and noise of the levels at which some draw has a value."""
    rows = [[v for v in row if v is not None] for row in curve.values]
    kept = [i for i, row in enumerate(rows) if row]
    quality = np.array([] if levels is None else [1 - levels[i] for i in kept])
    mean = np.array([np.mean(rows[i]) for i in kept])
    spread = np.array([np.std(rows[i], ddof=1) if len(rows[i]) > 1 else 0.0 for i in kept])
    return quality, mean, spread


def draw(axis: Any, metric: MetricAudit, curve: Curve, levels: Sequence[float]) -> None:
    """Mean over draws, a band of reseed noise, the floor, and the minimum reliable difference."""
    quality, mean, spread = means(curve, levels)
    colour = FREE_LINE if curve.expected == FREE else LINE
    if metric.floor is not None:
        axis.axhline(metric.floor, color=FLOOR, ls="--", lw=0.8, zorder=1)
    axis.fill_between(quality, mean - spread, mean + spread, color=colour, alpha=0.25, lw=0)
    axis.plot(quality, mean, "o-", color=colour, ms=2.4, lw=1.1, zorder=3)
    if curve.expected == FALL and curve.mrd is not None:
        reach(axis, metric, curve, levels, dict(zip(quality, mean, strict=True)))
    said(axis, curve)


def reach(
    axis: Any,
    metric: MetricAudit,
    curve: Curve,
    levels: Sequence[float],
    mean: dict[float, float],
) -> None:
    """A bar as long as the minimum reliable difference, and the level that is first beyond it."""
    assert curve.mrd is not None
    end = metric.whole + (curve.mrd if metric.higher_is_better is False else -curve.mrd)
    axis.plot([1.06, 1.06], [metric.whole, end], color=BAR, lw=2.2, solid_capstyle="butt", zorder=2)
    for level in levels:
        if curve.resolved is not None and level == curve.resolved:
            where = {"mfc": "none", "mec": BAR, "mew": 1.1, "ms": 6.5}
            axis.plot(1 - level, mean[1 - level], "o", **where, zorder=4)


def said(axis: Any, curve: Curve) -> None:
    """What is expected and what was found, over the panel."""
    colour = INK if curve.expected == FREE else GOOD if curve.holds else BAD
    found = outcome(curve).replace("±0", "±0,")
    mark = "" if curve.expected != FALL else f" · {smallest(curve)}"
    at = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(curve.expected, (0, 1), (0, 2), fontsize=5.5, color=INK, **at)
    text = f"ρ {found}{mark}" if not found.startswith("±") else found.replace(",", "")
    axis.annotate(text, (1, 1), (0, 2), fontsize=5.8, color=colour, ha="right", **at)
