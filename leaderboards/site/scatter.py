"""A scatter of methods as inline SVG: intervals, the Pareto front, names that do not overlap."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from markupsafe import Markup

from leaderboards.site.axes import Axis, axis
from leaderboards.site.inert import inert
from leaderboards.site.labels import Label, Spot, placed

WIDTH, HEIGHT = 720, 440
LEFT, RIGHT, TOP, BOTTOM = 56, 16, 14, 46
Kind = Literal["front", "method", "control"]
RADIUS: dict[Kind, float] = {"front": 5.0, "method": 4.0, "control": 3.5}


@dataclass(frozen=True)
class Point:
    """One row: its place with intervals, a link, and a sentence for those who do not see it."""

    name: str
    path: str
    """Of its page, from the page that it is drawn on; empty where it has none."""
    x: float
    y: float
    x_ends: tuple[float, float] | None
    y_ends: tuple[float, float] | None
    kind: Kind
    says: str


def front(points: Sequence[tuple[float, float]]) -> list[int]:
    """Indices of points that none is at least as good as in both and better in one; larger is
    better. From left to right.
    """
    best = float("-inf")
    found = []
    for i in sorted(range(len(points)), key=lambda i: (-points[i][0], -points[i][1])):
        if points[i][1] > best:
            found.append(i)
            best = points[i][1]
    return found[::-1]


@dataclass(frozen=True)
class Drawn:
    """The drawing, and the controls that stand outside of it."""

    svg: Markup
    outside: tuple[Point, ...]


def scatter(
    points: Sequence[Point], titles: tuple[str, str], *, log: bool = False, falls: bool = False
) -> Drawn:
    """The drawing holds every method; a control far away does not press them together.

    `titles`: of the axes; `log`: x is; `falls`: smaller x is better.
    """
    methods = [p for p in points if p.kind != "control"] or points
    across = axis([p.x for p in methods], LEFT, WIDTH - RIGHT, log=log)
    up = axis([p.y for p in methods], HEIGHT - BOTTOM, TOP)
    outside = [p for p in points if not (across.holds(p.x) and up.holds(p.y))]
    kept = [p for p in points if p not in outside]
    order = sorted(kept, key=lambda p: ("front", "method", "control").index(p.kind))
    spots = [Spot(across(p.x), up(p.y), RADIUS[p.kind], p.name[:40]) for p in order]
    frame = (LEFT + 2, TOP - 8, WIDTH - 2, HEIGHT - BOTTOM - 3)
    labels = placed(spots, frame)
    drawn = [
        _point(p, spot, label, across, up)
        for p, spot, label in zip(order, spots, labels, strict=True)
    ]
    parts = [_axes(across, up, titles), _front(order, across, up, falls=falls), *reversed(drawn)]
    svg = Markup('<svg class="scatter" viewBox="0 0 {} {}" role="group" aria-label="{}">{}</svg>')
    said = f"{titles[1]} over {titles[0]}"
    return Drawn(svg.format(WIDTH, HEIGHT, said, Markup("").join(parts)), tuple(outside))


def _axes(across: Axis, up: Axis, titles: tuple[str, str]) -> Markup:
    """Grid lines, numbers and what is measured."""
    ends = (LEFT, WIDTH - RIGHT, TOP, HEIGHT - BOTTOM)
    made = [
        Markup('<path class="grid" d="M{} {}H{}"/><text x="{}" y="{}" class="n">{}</text>').format(
            ends[0], y, ends[1], ends[0] - 8, y + 4, said
        )
        for y, said in up.ticks()
    ]
    made += [
        Markup('<path class="grid" d="M{} {}V{}"/><text x="{}" y="{}" class="m">{}</text>').format(
            x, ends[2], ends[3], x, ends[3] + 18, said
        )
        for x, said in across.ticks()
    ]
    made += [
        Markup('<text x="{}" y="{}" class="title n">{}</text>').format(
            ends[1], HEIGHT - 6, titles[0]
        ),
        Markup('<text x="{}" y="{}" class="title">{}</text>').format(
            ends[0] + 6, TOP + 4, titles[1]
        ),
    ]
    return Markup('<g aria-hidden="true">{}</g>').format(Markup("").join(made))


def _front(points: Sequence[Point], across: Axis, up: Axis, *, falls: bool) -> Markup:
    """Steps through the points of the front: what is under them is no better in either."""
    its = sorted((p for p in points if p.kind == "front"), key=lambda p: p.x)
    if not its:
        return Markup("")
    edge = (HEIGHT - BOTTOM, WIDTH - RIGHT, LEFT)
    if falls:
        path = f"M{across(its[0].x)} {edge[0]}V{up(its[0].y)}"
        for point in its[1:]:
            path += f"H{across(point.x)}V{up(point.y)}"
        path += f"H{edge[1]}"
    else:
        path = f"M{edge[2]} {up(its[0].y)}H{across(its[0].x)}"
        for point in its[1:]:
            path += f"V{up(point.y)}H{across(point.x)}"
        path += f"V{edge[0]}"
    return Markup('<path class="front" d="{}"/>').format(path)


def _point(p: Point, spot: Spot, label: Label | None, across: Axis, up: Axis) -> Markup:
    """Cross of intervals, dot and name; a name without a place shows when the dot is reached."""
    arms = ""
    if p.x_ends:
        arms += f"M{across(p.x_ends[0])} {spot.y}H{across(p.x_ends[1])}"
    if p.y_ends:
        arms += f"M{spot.x} {up(p.y_ends[0])}V{up(p.y_ends[1])}"
    late = label is None
    at = label or Label(
        *(round(spot.x, 1), round(spot.y - 10, 1)),
        "start" if spot.x < WIDTH / 2 else "end",
        None,
    )
    leader = Markup("")
    if at.leader:
        leader = Markup('<path class="leader" d="M{} {}L{} {}"/>').format(
            spot.x, spot.y, round(at.leader[0], 1), round(at.leader[1], 1)
        )
    opened, closed = ("a", "a") if p.path else ('g tabindex="0" role="img"', "g")
    link = Markup(' href="{}"').format(p.path) if p.path else Markup("")
    return Markup(
        '<{}{} class="point {}{}" aria-label="{}"><path class="arms" d="{}"/>{}'
        '<circle cx="{}" cy="{}" r="{}"/><text x="{}" y="{}" class="{}">{}</text></{}>'
    ).format(
        Markup(opened),
        link,
        p.kind,
        " late" if late else "",
        inert(p.says),
        arms,
        leader,
        spot.x,
        spot.y,
        spot.radius,
        at.x,
        at.y,
        at.anchor,
        inert(spot.name),
        Markup(closed),
    )
