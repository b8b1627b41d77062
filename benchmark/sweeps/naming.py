"""What stands beside the marks of a sweep's panel: values of the fields, and which is chosen."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmark.reports.numbers import number
from benchmark.reports.windows import Window
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.grid import word
from benchmark.sweeps.labelling import beside
from benchmark.sweeps.reading import Reading
from benchmark.sweeps.scatter import CHOSEN, INK, Spot, inside, spots_of

SIZE, FEW = 7.0, 12
"""Of letters; up to how many points are all named."""
LEADER = {"arrowstyle": "-", "lw": 0.5, "color": INK, "shrinkA": 0, "shrinkB": 4}
"""From a label that is far off to its point."""


def name_points(axis: Any, asked: GridRequest, reading: Reading) -> None:
    """Names all points where they are few, else those that matter; the panel must be laid out."""
    from matplotlib.patheffects import withStroke

    spots = spots_of(asked, reading)
    views = [Window(*sorted(axis.get_xlim())), Window(*sorted(axis.get_ylim()))]
    named = [alike for alike in together(spots) if len(spots) <= FEW or matters(alike[0])]
    texts = [text_of(alike, views) for alike in named]
    at = [inside(alike[0].mean, views) for alike in named]
    taken = [each for s in spots for each in (inside(s.mean, views), *s.seeds)]
    places = beside(axis, at, texts, SIZE, taken)
    for alike, spot, text, (xy, far) in zip(named, at, texts, places, strict=True):
        look: dict[str, Any] = {"color": INK, "arrowprops": LEADER if far else None}
        look |= {"color": CHOSEN, "fontweight": "bold"} if alike[0].read.chosen else {}
        where = {"textcoords": "axes points", "ha": "center", "va": "center", "zorder": 6}
        words = axis.annotate(text, spot, xy, fontsize=SIZE, annotation_clip=False, **look, **where)
        words.set_path_effects([withStroke(linewidth=1.8, foreground="white", alpha=0.8)])
        words.set_in_layout(False)


def together(spots: Sequence[Spot]) -> list[list[Spot]]:
    """Points by where they stand: those that matter first, and of one place one is named."""
    found: dict[tuple[float, ...], list[Spot]] = {}
    for spot in sorted(spots, key=lambda s: (not s.read.chosen, not matters(s))):
        found.setdefault(tuple(round(value, 6) for value in spot.mean), []).append(spot)
    return list(found.values())


def matters(spot: Spot) -> bool:
    """Whether it is chosen, the default, or on the frontier."""
    return spot.read.chosen or spot.read.point.is_default or spot.read.on_frontier


def text_of(alike: Sequence[Spot], views: Sequence[Window]) -> str:
    """Values of the fields, how many more stand there, what the point is, and where if outside."""
    spot = alike[0]
    parts = [", ".join(map(word, spot.read.point.values.values()))]
    parts += [f"+{len(alike) - 1}"] * (len(alike) > 1)
    parts += ["chosen"] * spot.read.chosen + ["default"] * spot.read.point.is_default
    away = inside(spot.mean, views) != spot.mean
    return " · ".join(parts) + f" ({', '.join(map(number, spot.mean))})" * away
