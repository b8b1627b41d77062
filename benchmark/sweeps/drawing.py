"""The figure of a sweep: y over x on val, a panel a place."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmark.reports.panels import heading
from benchmark.reports.saving import saved
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.grid import word
from benchmark.sweeps.naming import name_points
from benchmark.sweeps.reading import Reading
from benchmark.sweeps.scatter import INK, MARKERS, OFF_GRID, draw, shade

PANEL, HEAD, COLUMNS, DPI = (4.6, 3.9), 0.5, 3, 200
"""Inches of one panel and of what stands over and under all; how many stand side by side."""


def figure(asked: GridRequest, readings: Sequence[Reading], path: Path) -> Path | None:
    """Writes the picture; None where no point has both scores."""
    shown = [r for r in readings if any(each.missing is None for each in r.points)]
    if not shown:
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns

    sns.set_theme(style="white", context="paper", font="DejaVu Sans")
    across = min(len(shown), COLUMNS)
    down = -(-len(shown) // across)
    wide = PANEL[0] * across
    drawn = plt.figure(figsize=(wide, PANEL[1] * down + HEAD), layout="constrained")
    every = drawn.subplots(down, across, squeeze=False).ravel()
    for axis, reading in zip(every, shown, strict=False):
        draw(axis, asked, reading)
        title(axis, asked, reading)
    for axis in every[len(shown) :]:
        axis.set_visible(False)
    if len(asked.grid) > 1:
        keys(drawn, asked)
    words = textwrap.fill(caption(asked, shown), int(wide * 19))
    drawn.supxlabel(words, x=0.01, ha="left", fontsize=6.5, color=INK)
    drawn.draw_without_rendering()
    for axis, reading in zip(every, shown, strict=False):
        name_points(axis, asked, reading)
    return saved(drawn, path, DPI)


def title(axis: Any, asked: GridRequest, reading: Reading) -> None:
    """The method and the place."""
    name = asked.method.name
    axis.set_title(f"{name} on {heading(reading.where)}", loc="left", fontsize=8, fontweight="bold")


def keys(drawn: Any, asked: GridRequest) -> None:
    """Colours of the first field's values, marks of the second's."""
    from matplotlib.lines import Line2D

    found = []
    for i, (name, values) in enumerate(list(asked.grid.items())[:2]):
        found.append(Line2D([], [], ls="", label=name))
        for j, value in enumerate(values):
            colour = shade(j, len(values)) if i == 0 else OFF_GRID
            mark = MARKERS[0] if i == 0 else MARKERS[j % len(MARKERS)]
            looks: dict[str, Any] = {"color": colour, "marker": mark, "ms": 5.5, "mew": 0, "ls": ""}
            found.append(Line2D([], [], label=word(value), **looks))
    drawn.legend(handles=found, loc="outside right center", fontsize=7, frameon=False)


def caption(asked: GridRequest, shown: Sequence[Reading]) -> str:
    """How to read it, with what occurs."""
    x, y = asked.axes.x.name, asked.axes.y.name
    every = [each for reading in shown for each in reading.points if each.missing is None]
    several = len(asked.request.seeds) > 1
    parts = [
        (f"large mark: mean over seeds {', '.join(map(str, asked.request.seeds))}", several),
        ("small dot: a seed", several),
        (f"beside a mark: {', '.join(asked.grid)}", True),
        (f"line: frontier, best {y} for each {x}", True),
        (f"ring: chosen, best {y} within {asked.keep} of the best {x}", True),
        ("shaded: further from it", True),
        ("hollow: the default, which is not on the grid", any(not e.point.on_grid for e in every)),
        (
            "codes cut to their k strongest latents",
            any(e.standing.cut(asked.axes.every[:2]) for e in every),
        ),
    ]
    return "; ".join(text for text, occurs in parts if occurs)
