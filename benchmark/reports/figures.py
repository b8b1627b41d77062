"""The figure of a run: each task's main score, all tasks with the same rows in the same order."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import Any

from benchmark.reports.drawing import draw, heights, leaves
from benchmark.reports.lineup import Line, lineup
from benchmark.reports.panels import Panel, heading, panels_of
from benchmark.reports.saving import saved
from benchmark.reports.tables import PATCHED, SAW, TWO_SEEDS
from benchmark.results import Document

ROW, HEAD, FOOT, PANEL, LETTER = 0.2, 0.8, 0.7, 2.1, 0.068
"""Inches: one row, what stands over and under the rows, one panel, one letter of a label."""
BOLD, TITLE = 11.8, 0.15
"""Letters of a title to an inch, and inches of each line of it after the first."""
INK = "#555555"
DPI = 200


def figure(document: Document, path: Path) -> Path | None:
    """Writes the picture; None where nothing was scored, whatever rows are bundled."""
    if not any(cell.status == "scored" for cell in document.cells):
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    found = panels_of(document)
    places = {heading(there): [p for p in found[there].values() if p.rows] for there in found}
    places = {name: shown for name, shown in places.items() if shown}
    if not places:
        return None
    order = lineup([panel for shown in places.values() for panel in shown])
    lines = {name: present(order, shown) for name, shown in places.items()}
    sns.set_theme(style="white", context="paper", font="DejaVu Sans")
    columns = max(map(len, places.values()))
    across = LETTER * max(len(each.label) for each in order) + PANEL * columns
    titles = {name: textwrap.fill(name, int(across * BOLD)) for name in places}
    tall = [
        HEAD + TITLE * titles[name].count("\n") + FOOT + ROW * heights(lines[name])[1]
        for name in places
    ]
    layout = ConstrainedLayoutEngine(w_pad=0.07, h_pad=0.05)
    drawn = plt.figure(figsize=(across, sum(tall)), layout=layout)
    parts = drawn.subfigures(len(places), 1, height_ratios=tall, squeeze=False)[:, 0]
    for part, (name, shown) in zip(parts, places.items(), strict=True):
        row_of_panels(part, titles[name], shown, lines[name], columns)
        part.supxlabel(caption(shown, int(across * 17)), x=0.01, ha="left", fontsize=6.5, color=INK)
    return saved(drawn, path, DPI)


def present(order: list[Line], shown: list[Panel]) -> list[Line]:
    """The rows of one place with its own marks, in the order of all."""
    own = {(each.kind, each.name): each for each in lineup(shown)}
    return [own[each.kind, each.name] for each in order if (each.kind, each.name) in own]


def row_of_panels(
    part: Any, name: str, shown: list[Panel], lines: list[Line], columns: int
) -> None:
    """One place: panels side by side, labels at the first alone."""
    part.suptitle(name, x=0.01, ha="left", fontweight="bold", fontsize=9)
    axes = part.subplots(1, columns, squeeze=False, sharey=True)[0]
    for axis, panel in zip(axes, shown, strict=False):
        draw(axis, panel, lines)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)


def caption(shown: list[Panel], width: int) -> str:
    """How to read it, with the marks that occur."""
    rows = [row for panel in shown for row in panel.rows]
    parts = [
        ("dot: main score, ↑ higher is better; bar: 95 % interval", True),
        ("×S: over S seeds", any(row.seeds > 1 for row in rows)),
        ("*: bundled reference row", any(row.bundled for row in rows)),
        (f"†: {SAW}", any(row.supervised for row in rows)),
        (f"§: {PATCHED}", any(row.patched for row in rows)),
        ("◂ ▸: goes on outside of the axis", any(map(leaves, shown))),
        (f"‡: {TWO_SEEDS}", any(row.wide for row in rows)),
    ]
    return textwrap.fill("; ".join(text for text, occurs in parts if occurs), width)
