"""One panel of a sweep: a large dot a point of the grid, small dots its seeds, a line the frontier.

Colour is the value of the grid's first field, shape that of its second.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.windows import Window, extent, window
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.grid import Grid, Point
from benchmark.sweeps.reading import Read, Reading

INK, LINE, CHOSEN, LOST, OFF_GRID = "#333333", "#9a9a9a", "#d55e00", "#f3efe9", "#6e6e6e"
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
BIG, SMALL = 6.8, 2.6
MANY, SQUEEZED, EXTREME = 6, 0.3, 0.05
"""Share of an axis that all but the worst have at least, where points are many, and where few."""


@dataclass(frozen=True)
class Spot:
    """Where a point stands: its mean, its seeds."""

    read: Read
    mean: tuple[float, float]
    seeds: tuple[tuple[float, float], ...]


def spots_of(asked: GridRequest, reading: Reading) -> list[Spot]:
    """Every point that has both scores."""
    x, y = asked.axes.x, asked.axes.y
    found = []
    for each in reading.points:
        if each.missing is None:
            its = each.standing
            scores = [(s.value, its.scores(y)[seed].value) for seed, s in its.scores(x).items()]
            found.append(Spot(each, (its.mean(x).value, its.mean(y).value), tuple(scores)))
    return found


def draw(axis: Any, asked: GridRequest, reading: Reading) -> None:
    """Everything but the labels, which need to know how large the panel is."""
    spots = spots_of(asked, reading)
    x, y = asked.axes.x, asked.axes.y
    kept = asked.keep.of(max(x.up(spot.mean[0]) for spot in spots))
    views = [seen(spots, 0, x, kept), seen(spots, 1, y, 0.0)]
    axis.set_xlim(views[0].low, views[0].high)
    axis.set_ylim(views[1].low, views[1].high)
    tolerance(axis, asked.axes.x, reading.least_x, views[0])
    stairs(axis, asked, spots, views)
    for spot in spots:
        dots(axis, asked.grid, spot, views)
    frame(axis, asked)


def seen(spots: Sequence[Spot], i: int, of: Axis, no_matter: float) -> Window:
    """The values of one axis: all but the worst, as far as these would squeeze the others.

    `no_matter` is a difference that does not count: others need not be spread out below it.
    """
    kept = sorted(spots, key=lambda spot: of.up(spot.mean[i]))
    while len(kept) > 2:
        whole, rest = (extent([spot.mean[i] for spot in each]) for each in (kept, kept[1:]))
        least = SQUEEZED if len(kept) > MANY else EXTREME
        if max(rest, no_matter) >= least * whole:
            break
        kept = kept[1:]
    values = [value[i] for spot in kept for value in (spot.mean, *spot.seeds)]
    return window(values, values)


def tolerance(axis: Any, x: Axis, least: float | None, view: Window) -> None:
    """Where x is given up too far to be chosen."""
    if least is None or view.side(least):
        return
    ends = (view.low, least) if x.higher_is_better else (least, view.high)
    axis.axvspan(*ends, color=LOST, lw=0, zorder=0)
    axis.axvline(least, color=LINE, lw=0.7, ls=(0, (4, 2)), zorder=1)


def stairs(axis: Any, asked: GridRequest, spots: Sequence[Spot], views: Sequence[Window]) -> None:
    """The frontier: from each point on, as far in x as the next one, its y is the best there is."""
    x, y = asked.axes.x, asked.axes.y
    front = sorted((s.mean for s in spots if s.read.on_frontier), key=lambda m: x.up(m[0]))
    if not front:
        return
    worst_x = views[0].low if x.higher_is_better else views[0].high
    worst_y = views[1].low if y.higher_is_better else views[1].high
    corners = [(worst_x, front[0][1])]
    for (here, level), after in zip(front, [*(m[1] for m in front[1:]), worst_y], strict=True):
        corners += [(here, level), (here, after)]
    axis.plot(*zip(*corners, strict=True), color=LINE, lw=1.1, zorder=2, solid_joinstyle="miter")


def dots(axis: Any, grid: Grid, spot: Spot, views: Sequence[Window]) -> None:
    """The seeds, joined to their mean; at the edge, as an arrow, where that is outside."""
    point = spot.read.point
    colour = colour_of(grid, point)
    x, y = inside(spot.mean, views)
    if (x, y) != spot.mean:
        mark = arrow(spot.mean, views)
        axis.plot(x, y, mark, color=colour, ms=BIG, mew=0, zorder=4, clip_on=False)
        return
    for seed in spot.seeds if len(spot.seeds) > 1 else ():
        axis.plot(*zip(spot.mean, seed, strict=True), color=colour, lw=0.6, alpha=0.6, zorder=3)
        axis.plot(*seed, "o", color=colour, ms=SMALL, mew=0, alpha=0.8, zorder=3)
    fill = colour if point.on_grid else "white"
    edge = {"mec": "white", "mew": 0.7} if point.on_grid else {"mec": colour, "mew": 1.4}
    axis.plot(x, y, marker_of(grid, point), color=fill, ms=BIG, **edge, zorder=4)
    if spot.read.chosen:
        axis.plot(x, y, "o", mfc="none", mec=CHOSEN, mew=1.5, ms=BIG + 6, zorder=5)


def inside(mean: tuple[float, float], views: Sequence[Window]) -> tuple[float, float]:
    """The point, or the nearest one of the panel."""
    pairs = zip(mean, views, strict=True)
    x, y = (min(max(value, view.low), view.high) for value, view in pairs)
    return x, y


def arrow(mean: tuple[float, float], views: Sequence[Window]) -> str:
    """Points to where a mean outside of the panel is."""
    across, up = (view.side(value) for value, view in zip(mean, views, strict=True))
    return {-1: "<", 1: ">"}.get(across, "v" if up < 0 else "^")


def colour_of(grid: Grid, point: Point) -> Any:
    """From dark to light along the first field; grey off the grid."""
    values, value = next(iter(grid.values())), next(iter(point.values.values()))
    return shade(values.index(value), len(values)) if value in values else OFF_GRID


def shade(i: int, n: int) -> Any:
    """The colour of the i-th of n values."""
    from matplotlib import colormaps

    return colormaps["viridis"](0.85 * i / max(1, n - 1))


def marker_of(grid: Grid, point: Point) -> str:
    """By the second field; a circle where there is none."""
    if len(grid) < 2:
        return MARKERS[0]
    values, value = list(grid.values())[1], list(point.values.values())[1]
    return MARKERS[values.index(value) % len(MARKERS)] if value in values else MARKERS[0]


def frame(axis: Any, asked: GridRequest) -> None:
    """Names of both axes with the better direction, few ticks, two spines."""
    from matplotlib.ticker import MaxNLocator

    axis.set_xlabel(said(asked.axes.x), fontsize=8, color=INK)
    axis.set_ylabel(said(asked.axes.y), fontsize=8, color=INK)
    for each in (axis.xaxis, axis.yaxis):
        each.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    axis.tick_params(labelsize=7, length=2, pad=2)
    for name in ("top", "right"):
        axis.spines[name].set_visible(False)
    for name in ("left", "bottom"):
        axis.spines[name].set(color="#c4c4c4", linewidth=0.8)


def said(of: Axis) -> str:
    """A metric with the direction in which it is better."""
    better = {True: "higher is better", False: "lower is better"}
    return f"{of.name}, {better[bool(of.higher_is_better)]}"
