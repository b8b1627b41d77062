"""The figure of a run: each task's main score, methods between floor, baselines and ceiling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.reports.panels import Panel, heading, panels_of
from benchmark.results import Document

OURS, BUNDLED, FLOOR, BASELINE, CEILING = "#0b6e8f", "#9aa5ab", "#b5382a", "#c9992b", "#3d7a3d"


def figure(document: Document, path: Path) -> Path | None:
    """Writes the picture; None where nothing was scored."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt
    import seaborn as sns

    places = {
        place: [panel for panel in tasks.values() if panel.rows]
        for place, tasks in panels_of(document).items()
    }
    places = {place: shown for place, shown in places.items() if shown}
    if not places:
        return None
    sns.set_theme(style="whitegrid", context="paper", font="DejaVu Sans")
    columns = max(len(shown) for shown in places.values())
    tallest = [max(len(panel.rows) for panel in shown) for shown in places.values()]
    heights = [1.5 + 0.28 * rows for rows in tallest]
    drawn = plt.figure(figsize=(1.2 + 3.8 * columns, sum(heights)), layout="constrained")
    parts = drawn.subfigures(len(places), 1, height_ratios=heights, squeeze=False)[:, 0]
    for part, (place, shown) in zip(parts, places.items(), strict=True):
        part.suptitle(heading(place), x=0.01, ha="left", fontweight="bold", fontsize=9)
        for axis, panel in zip(part.subplots(1, columns, squeeze=False)[0], shown, strict=False):
            draw(axis, panel)
        for axis in part.axes[len(shown) :]:
            axis.set_visible(False)
    unfinished = path.with_suffix(".part.png")
    drawn.savefig(unfinished, dpi=160)
    plt.close(drawn)
    unfinished.replace(path)
    return path


def draw(axis: Any, panel: Panel) -> None:
    """One task: a dot and an interval a method, a line a reference."""
    rows = panel.rows[::-1]
    for y, row in enumerate(rows):
        colour = BUNDLED if row.bundled else OURS
        if row.low is not None and row.high is not None:
            axis.plot([row.low, row.high], [y, y], color=colour, lw=2.2, solid_capstyle="butt")
        axis.plot(row.value, y, "o", color=colour, ms=5.5, zorder=3)
    marks = [("floor", panel.floor, FLOOR, "--"), ("ceiling", panel.ceiling, CEILING, "-.")]
    marks += [(name, value, BASELINE, ":") for name, value in panel.baselines.items()]
    for name, value, colour, style in marks:
        if value is not None:
            axis.axvline(value, color=colour, ls=style, lw=1.3, zorder=1, label=name)
    names = [f"{row.method}{' †' if row.supervised else ''}" for row in rows]
    axis.set_yticks(range(len(rows)), names)
    for text, row in zip(axis.get_yticklabels(), rows, strict=True):
        text.set_fontweight("normal" if row.bundled else "bold")
    axis.set_ylim(-0.7, len(rows) - 0.3)
    axis.set_title(f"{panel.task}\n{panel.metric}, n = {panel.n:,} {panel.unit}s", fontsize=9)
    if axis.get_legend_handles_labels()[0]:
        axis.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.18 - 0.12 / len(rows)),
            ncol=4,
            fontsize=7,
            frameon=False,
            handlelength=1.6,
        )
