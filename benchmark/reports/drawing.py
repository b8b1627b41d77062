"""One panel of the figure: a dot and an interval a method, a line a reference."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from benchmark.reports.lineup import Line, row_of, value_of
from benchmark.reports.numbers import number
from benchmark.reports.panels import Panel, Row
from benchmark.reports.windows import Window, window

METHOD, CONTROL, BUNDLED, BAND = "#0b5c8a", "#7b7b7b", "#7fa8c0", "#e6f0f6"
FAINT = "#efefef"
REFERENCES = {
    "floor": ("#b5382a", "--", "s"),
    "baseline": ("#b07800", ":", "D"),
    "ceiling": ("#3d7a3d", "-.", "s"),
}
"""Colour, line and mark."""
GAP = 0.7
"""Rows left free between methods, controls and references."""


def heights(lines: Sequence[Line]) -> tuple[list[float], float]:
    """Where each row stands, from the top, and how many rows high the panel is."""
    places = [0.0]
    for before, each in pairwise(lines):
        apart = (before.kind, before.is_reference) != (each.kind, each.is_reference)
        both_references = before.is_reference and each.is_reference
        places.append(places[-1] + 1 + GAP * (apart and not both_references))
    return places, places[-1] + 1


def draw(axis: Any, panel: Panel, lines: Sequence[Line]) -> None:
    """One task; every line has its row, whether it was scored here or not."""
    places, rows = heights(lines)
    view = seen(panel)
    axis.set_xlim(view.low, view.high)
    axis.set_ylim(rows - 0.5, -0.5)
    some_bundled = any(each.bundled for each in lines)
    for y, each in zip(places, lines, strict=True):
        axis.axhline(y, color=FAINT, lw=0.5, zorder=0)
        if some_bundled and not each.is_reference and not each.bundled:
            axis.axhspan(y - 0.5, y + 0.5, color=BAND, lw=0, zorder=-1)
        if each.is_reference:
            of_reference(axis, y, panel, each)
        elif row := row_of(panel, each):
            of_method(axis, y, row, each, view)
        elif each.name in panel.absent:
            words(axis, y, 0, "n/a", "#9a9a9a")
    title(axis, panel)
    names(axis, places, lines)


def seen(panel: Panel) -> Window:
    """The part of the axis that is shown."""
    marks = [*panel.baselines.values(), panel.floor, panel.ceiling]
    spans = [(r.low, r.high) for r in panel.rows if not r.wide]
    return window(
        [row.value for row in panel.rows],
        [mark for mark in marks if mark is not None],
        [(low, high) for low, high in spans if low is not None and high is not None],
        higher_is_better=panel.higher_is_better is not False,
    )


def leaves(panel: Panel) -> bool:
    """Whether anything of a panel is outside of its axis."""
    view = seen(panel)
    ends = [end for row in panel.rows for end in (row.value, row.low, row.high)]
    return any(view.side(end) for end in ends if end is not None)


def of_method(axis: Any, y: float, row: Row, each: Line, view: Window) -> None:
    """Dot and interval; an arrow with the value where the dot is outside."""
    colour = CONTROL if each.kind == "control" else BUNDLED if each.bundled else METHOD
    if side := view.side(row.value):
        point_at(axis, y, view, side, colour)
        words(axis, y, side, number(row.value), colour)
        return
    if row.low is not None and row.high is not None:
        ends = [max(row.low, view.low), min(row.high, view.high)]
        axis.plot(ends, [y, y], color=colour, lw=1.8, solid_capstyle="butt", zorder=2)
        for end in (row.low, row.high):
            if view.side(end):
                point_at(axis, y, view, view.side(end), colour)
    axis.plot(row.value, y, "o", color=colour, ms=4.5, mec="white", mew=0.5, zorder=3)


def words(axis: Any, y: float, side: int, text: str, colour: str) -> None:
    """Text at the left, in the middle or at the right, readable over any line."""
    x, ha = [(0.5, "center"), (0.95, "right"), (0.05, "left")][side]
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.8}
    where = {"transform": axis.get_yaxis_transform(), "ha": ha, "va": "center"}
    axis.text(x, y, text, fontsize=6.5, color=colour, bbox=paper, zorder=4, **where)


def point_at(axis: Any, y: float, view: Window, side: int, colour: str) -> None:
    """An arrow at the edge: it goes on there."""
    edge = view.low if side < 0 else view.high
    inward = -side * 0.02 * (view.high - view.low)
    axis.plot(edge + inward, y, "<" if side < 0 else ">", color=colour, ms=4.5, mew=0, zorder=3)


def of_reference(axis: Any, y: float, panel: Panel, each: Line) -> None:
    """A mark in its own row and a line up through all others."""
    value = value_of(panel, each)
    if value is None:
        return
    colour, style, mark = REFERENCES[each.kind]
    axis.plot([value, value], [-0.5, y], color=colour, ls=style, lw=1.0, zorder=1)
    axis.plot(value, y, mark, color=colour, ms=4, mew=0, zorder=3)


def title(axis: Any, panel: Panel) -> None:
    """What is measured, in which direction, on how many; and the ticks of its axis."""
    from matplotlib.ticker import MaxNLocator

    arrow = {True: "↑", False: "↓", None: ""}[panel.higher_is_better]
    what = f"{panel.metric} {arrow}\n{panel.sample}"
    over = {"xy": (0, 1), "xycoords": "axes fraction", "textcoords": "offset points"}
    axis.annotate(what, xytext=(0, 4), fontsize=7, va="bottom", linespacing=1.3, **over)
    axis.annotate(panel.task, xytext=(0, 25), fontsize=8, va="bottom", fontweight="bold", **over)
    axis.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.tick_params(axis="x", labelsize=7, length=2, pad=2)
    for name in ("top", "right"):
        axis.spines[name].set_visible(False)
    for name in ("left", "bottom"):
        axis.spines[name].set(color="#c4c4c4", linewidth=0.8)


def names(axis: Any, places: Sequence[float], lines: Sequence[Line]) -> None:
    """Labels of rows, at the first panel alone; the run's own stand out among bundled ones."""
    some_bundled = any(each.bundled for each in lines)
    axis.tick_params(axis="y", length=0, pad=4)
    labels = [f"{each.label}{' ‡' if each.wide else ''}" for each in lines]
    axis.set_yticks(places, labels, fontsize=7.5)
    for text, each in zip(axis.get_yticklabels(), lines, strict=False):
        own = some_bundled and not each.bundled and not each.is_reference
        text.set_fontweight("bold" if own else "normal")
        text.set_color(REFERENCES[each.kind][0] if each.is_reference else "black")
