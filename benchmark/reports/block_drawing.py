"""One panel over blocks: a line and a band a method, thin lines for what they are read against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle
from math import ceil
from typing import Any

from benchmark.reports.lineup import Line
from benchmark.reports.numbers import number
from benchmark.reports.over_blocks import BlockPanel, Mark
from benchmark.reports.windows import Window, extent, median_width, window

COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", "#332288")
"""Told apart by the colour-blind (Okabe and Ito 2008); the last in place of their yellow."""
MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<")
GREYS = ("#6e6e6e", "#a3a3a3", "#404040")
"""Of controls."""
REFERENCES = {
    "null": (("#777777", (0, (4, 2))), ("#a0a0a0", (0, (1, 1)))),
    "baseline": (("#7a4a1e", (0, (1, 1.2))), ("#4b3f8f", (0, (5, 1.5, 1, 1.5)))),
    "ceiling": (("#000000", (0, (7, 2))), ("#444444", (0, (7, 2, 1, 2)))),
}
"""Colours and dashes, in turn."""
INK, FAINT, ZERO = "#555555", "#c4c4c4", "#b8b8b8"
FEW = 13
"""Blocks that each have a tick and a mark."""
LEAST = 0.6
"""What methods have of the axis at least, whatever stands beside them."""
SHADE = 0.16
"""Of a band that is alone; of several each has less, and all of them an edge."""


@dataclass(frozen=True)
class Look:
    """How a line is drawn, the same in every panel of a figure."""

    label: str
    colour: str
    dashes: Any = "-"
    marker: str = ""

    @property
    def drawn(self) -> dict[str, Any]:
        """As matplotlib has it."""
        if not self.marker:
            return {"color": self.colour, "ls": self.dashes, "lw": 0.9}
        shape = {"marker": self.marker, "ms": 3.4, "mec": "white", "mew": 0.4}
        return {"color": self.colour, "ls": self.dashes, "lw": 1.3, **shape}


def looks(methods: Sequence[Line], marks: Sequence[Mark]) -> dict[str | Mark, Look]:
    """Of every method by its name, and of every reference."""
    found: dict[str | Mark, Look] = {}
    of = {"method": cycle(COLOURS), "control": cycle(GREYS)}
    for each, marker in zip(methods, cycle(MARKERS), strict=False):
        label = f"{each.label}{' ‡' if each.wide else ''}"
        found[each.name] = Look(label, next(of[each.kind]), "-", marker)
    left = {kind: cycle(styles) for kind, styles in REFERENCES.items()}
    for mark in marks:
        found[mark] = Look(mark.name, *next(left[mark.kind]))
    return found


def seen(panels: Sequence[BlockPanel]) -> Window:
    """The values that panels of one axis show.

    All of the methods and of what moves with the block; a reference of one value, and zero, where
    it does not squeeze the rest.
    """
    rows = [row for panel in panels for of in panel.rows.values() for row in of.values()]
    spans = [
        (row.low, row.high)
        for row in rows
        if not row.wide and row.low is not None and row.high is not None
    ]
    beside = [(panel, mark, panel.level(mark)) for panel in panels for mark in panel.beside]
    fixed = [row.value for row in rows]
    for panel, mark, level in beside:
        if level is None:
            fixed += [end for each in panel.spread(mark).values() for end in each]
    levels = {0.0, *(level for _, _, level in beside if level is not None)}
    own, middle = max(extent(fixed), median_width(spans)), (min(fixed) + max(fixed)) / 2
    for level in sorted(levels, key=lambda at: abs(at - middle)):
        if own >= LEAST * extent([*fixed, level]):
            fixed.append(level)
    return window([row.value for row in rows], fixed, spans)


def draw(axis: Any, panel: BlockPanel, styles: dict[str | Mark, Look], view: Window) -> None:
    """One panel: the first method over the others, controls and references under them."""
    axis.axhline(0, color=ZERO, lw=0.7, zorder=0)
    axis.set_ylim(view.low, view.high)
    for mark, look in reversed(styles.items()):
        if isinstance(mark, str) and mark in panel.rows:
            of_method(axis, panel, mark, look)
        elif isinstance(mark, Mark) and mark in panel.beside:
            of_reference(axis, panel, mark, look)
    point_outside(axis, panel, styles, view)
    title(axis, panel)
    ticks(axis, panel)


def of_method(axis: Any, panel: BlockPanel, name: str, look: Look) -> None:
    """A line with marks, and the band of its intervals."""
    blocks, rows = zip(*sorted(panel.rows[name].items()), strict=True)
    low = [row.value if row.low is None else row.low for row in rows]
    high = [row.value if row.high is None else row.high for row in rows]
    shade = SHADE / len(panel.rows) ** 0.5
    axis.fill_between(blocks, low, high, color=look.colour, alpha=shade, lw=0, zorder=1)
    for ends in (low, high):
        axis.plot(blocks, ends, color=look.colour, alpha=0.55, lw=0.4, zorder=1)
    every = ceil(len(blocks) / FEW)
    axis.plot(blocks, [row.value for row in rows], **look.drawn, markevery=every, zorder=3)


def of_reference(axis: Any, panel: BlockPanel, mark: Mark, look: Look) -> None:
    """A thin line; where methods differ in it their mean, and a band from the least on."""
    spread = panel.spread(mark)
    low, middle, high = zip(*spread.values(), strict=True)
    axis.fill_between([*spread], low, high, color=look.colour, alpha=0.3, lw=0, zorder=2)
    axis.plot([*spread], middle, **look.drawn, zorder=2)


def point_outside(
    axis: Any, panel: BlockPanel, styles: dict[str | Mark, Look], view: Window
) -> None:
    """References beyond the axis: an arrow, the value and the name, at the edge in question."""
    paper = {"facecolor": "white", "edgecolor": "none", "pad": 0.6, "alpha": 0.8}
    many = {1: 0, -1: 0}
    for mark, look in styles.items():
        value = panel.level(mark) if isinstance(mark, Mark) else None
        side = 0 if value is None else view.side(value)
        if side:
            y = 0.98 - 0.09 * many[1] if side > 0 else 0.02 + 0.09 * many[-1]
            many[side] += 1
            text = f"{'↑' if side > 0 else '↓'} {look.label} {number(value)}"
            where = {"transform": axis.transAxes, "va": "top" if side > 0 else "bottom"}
            axis.text(0.03, y, text, fontsize=5.5, color=look.colour, bbox=paper, **where)


def title(axis: Any, panel: BlockPanel) -> None:
    """What is measured, in which direction, on how many."""
    arrow = {True: " ↑", False: " ↓", None: ""}[panel.higher_is_better]
    on = f"n = {panel.n:,} {panel.unit}s"
    over = {"xycoords": "axes fraction", "textcoords": "offset points", "va": "bottom"}
    axis.annotate(panel.name + arrow, (0, 1), (0, 11), fontsize=7.5, fontweight="bold", **over)
    what = f"{panel.metric}, {on}" if panel.metric else on
    axis.annotate(what, (0, 1), (0, 3), fontsize=6, color=INK, **over)


def ticks(axis: Any, panel: BlockPanel) -> None:
    """Whole blocks, each of them where they are few."""
    from matplotlib.ticker import MaxNLocator

    blocks = panel.blocks
    axis.set_xlim(blocks[0] - 0.3, blocks[-1] + 0.3)
    if len(blocks) <= FEW:
        axis.set_xticks(blocks)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(8, integer=True))
    axis.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.tick_params(labelsize=6.5, length=2, pad=2)
    for name in ("top", "right"):
        axis.spines[name].set_visible(False)
    for name in ("left", "bottom"):
        axis.spines[name].set(color=FAINT, linewidth=0.8)
