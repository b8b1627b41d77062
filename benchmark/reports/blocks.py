"""The figure over blocks: where in a model each method does what it does."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from typing import Any

from benchmark.reports.block_drawing import INK, Look, draw, looks, seen
from benchmark.reports.lineup import Line
from benchmark.reports.over_blocks import (
    BlockPanel,
    Group,
    Mark,
    marks_of,
    methods_of,
    over_blocks,
)
from benchmark.reports.panels import heading
from benchmark.reports.saving import saved
from benchmark.reports.tables import PATCHED, SAW, TWO_SEEDS
from benchmark.results import Document

ACROSS, MOST = 4, 8
"""Panels side by side, and of one task or place."""
PANEL, TALL, HEAD = 1.8, 1.75, 0.3
"""Inches: a panel's width and height, and what stands over a place."""
BOLD, TITLE = 12.5, 0.14
"""Letters of a title to an inch, and inches of each line of it after the first."""
ENTRY, LETTER, HANDLE, LINE = 0.16, 0.056, 0.45, 0.11
"""Inches: a line, a letter and a mark of the legend, a line of the caption."""
DPI = 220
WORD = re.compile(r"([^_/]+)(.*)")
Grid = list[list[BlockPanel]]


def blocks(document: Document, path: Path) -> Path | None:
    """Writes the picture; None where nothing was scored at several blocks."""
    drawn = drawn_blocks(document)
    return None if drawn is None else saved(drawn, path, DPI)


def drawn_blocks(document: Document) -> Any:
    """The figure itself; None where nothing was scored at several blocks."""
    grids = {group: grid(panels) for group, panels in over_blocks(document.cells).items()}
    if not grids:
        return None
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    shown = [panel for rows in grids.values() for row in rows for panel in row]
    methods = methods_of(shown)
    styles = looks(methods, marks_of(shown))
    sns.set_theme(style="white", context="paper", font="DejaVu Sans")
    columns = max(len(row) for rows in grids.values() for row in rows)
    across = PANEL * max(columns, 2)
    words = caption(methods, int(across * 19))
    entries = lines(styles, across)
    key = ENTRY * sum(n for _, _, n in entries) + LINE * (words.count("\n") + 2)
    titles = [textwrap.fill(_title(group), int(across * BOLD)) for group in grids]
    heads = [HEAD + TITLE * title.count("\n") for title in titles]
    tall = [*(head + TALL * len(g) for head, g in zip(heads, grids.values(), strict=True)), key]
    drawn = plt.figure(figsize=(across, sum(tall)), layout=ConstrainedLayoutEngine(w_pad=0.04))
    parts = drawn.subfigures(len(tall), 1, height_ratios=tall, squeeze=False)[:, 0]
    for part, title, rows in zip(parts, titles, grids.values(), strict=False):
        section(part, title, rows, columns, styles)
    legend(parts[-1], entries, key)
    parts[-1].supxlabel(words, x=0.01, ha="left", fontsize=6, color=INK)
    return drawn


def grid(panels: Sequence[BlockPanel]) -> Grid:
    """Rows of panels, the plainest names first.

    Where names are the same but for their first word, as `add_logit` and `supp_logit` are, one
    stands over the other.
    """
    order = sorted(panels, key=lambda panel: panel.name.count("/"))
    named = {_word(panel): panel for panel in order}
    words = list(dict.fromkeys(word for word, _ in named))
    rests = [rest for word, rest in named if word == words[0]]
    both = [rest for rest in rests if all((word, rest) in named for word in words)]
    if len(words) == 2 and both:
        return [[named[word, rest] for rest in both[: MOST // 2]] for word in words]
    few = order[:MOST]
    return [few[i : i + ACROSS] for i in range(0, len(few), ACROSS)]


def _word(panel: BlockPanel) -> tuple[str, str]:
    found = WORD.fullmatch(panel.name)
    return (found[1], found[2]) if found else (panel.name, "")


def _title(group: Group) -> str:
    there, task = group
    return f"{task} · {heading(there)}" if task else heading(there)


def section(
    part: Any, title: str, rows: Grid, columns: int, styles: dict[str | Mark, Look]
) -> None:
    """One place: panels that stand over each other for the same score share their axis."""
    part.suptitle(title, x=0.01, ha="left", fontweight="bold", fontsize=8.5)
    axes = part.subplots(len(rows), columns, squeeze=False)
    alike = len({tuple(_word(panel)[1] for panel in row) for row in rows}) == 1
    for j in range(columns):
        column = [row[j] for row in rows if j < len(row)]
        for i, axis in enumerate(axes[:, j]):
            if i >= len(column):
                axis.set_visible(False)
                continue
            draw(axis, column[i], styles, seen(column if alike else column[i : i + 1]))
            if i == len(column) - 1:
                axis.set_xlabel("block", fontsize=6.5, color=INK, labelpad=2)


def lines(styles: dict[str | Mark, Look], across: float) -> list[tuple[list[Look], int, int]]:
    """Entries of the legend, how many fit side by side, and how many lines that makes.

    Methods, then what they are read against.
    """
    found: list[tuple[list[Look], int, int]] = []
    for kind in (str, Mark):
        shown = [look for of, look in styles.items() if isinstance(of, kind)]
        if shown:
            widest = max(len(look.label) for look in shown)
            n = ceil(len(shown) / max(1, int(across / (LETTER * widest + HANDLE))))
            found.append((shown, ceil(len(shown) / n), n))
    return found


def legend(part: Any, entries: list[tuple[list[Look], int, int]], tall: float) -> None:
    """Once for all panels."""
    from matplotlib.lines import Line2D

    y = tall
    for shown, columns, n in entries:
        handles = [Line2D([], [], label=look.label, **look.drawn) for look in shown]
        where = {"loc": "upper left", "bbox_to_anchor": (0, y / tall), "borderaxespad": 0.1}
        looks = {"fontsize": 7, "frameon": False, "handlelength": 2.6, "columnspacing": 1.2}
        part.legend(handles=handles, ncols=columns, **where, **looks)
        y -= ENTRY * n


def caption(methods: Sequence[Line], width: int) -> str:
    """How to read it, with the marks that occur."""
    parts = [
        ("line: score at each block, ↑ higher is better; band: 95 % interval", True),
        ("dashed: what they are read against, shaded where methods differ in it", True),
        ("an arrow: it is outside of the axis", True),
        ("×S: over S seeds", any(each.seeds > 1 for each in methods)),
        (f"†: {SAW}", any(each.supervised for each in methods)),
        (f"§: {PATCHED}", any(each.patched for each in methods)),
        (f"‡: {TWO_SEEDS}", any(each.wide for each in methods)),
    ]
    return textwrap.fill("; ".join(text for text, occurs in parts if occurs), width)
