"""Names beside points, none over another: the first free place around each, if there is one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

LETTER, LINE = 6.5, 13.0
"""Pixels: the mean width of a letter at 11 px, and a line."""
GAPS = (8.0, 16.0, 28.0, 42.0)
"""How far from its point a label may stand; beyond the first a line leads to it."""


@dataclass(frozen=True)
class Spot:
    """A point, how much room it takes, and what it is called. The first spots choose first."""

    x: float
    y: float
    radius: float
    name: str


@dataclass(frozen=True)
class Label:
    """Where the text begins or ends, and where a line from the point would end."""

    x: float
    y: float
    anchor: str
    """`start`, `middle` or `end`."""
    leader: tuple[float, float] | None


Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def placed(spots: Sequence[Spot], frame: Box) -> list[Label | None]:
    """A label a spot within the frame; None where every place around it is taken."""
    taken: list[Box] = [
        (s.x - s.radius - 1, s.y - s.radius - 1, s.x + s.radius + 1, s.y + s.radius + 1)
        for s in spots
    ]
    lines: list[tuple[float, float, float, float]] = []
    found: list[Label | None] = []
    for spot in spots:
        for label, box in around(spot):
            free = inside(box, frame) and not any(overlap(box, other) for other in taken)
            if free and not any(crosses(line, box) for line in lines):
                taken.append(box)
                if label.leader:
                    lines.append((spot.x, spot.y, *label.leader))
                found.append(label)
                break
        else:
            found.append(None)
    return found


def around(spot: Spot) -> Iterator[tuple[Label, Box]]:
    """Places for a label, the nearest first and on the right before elsewhere."""
    width = LETTER * len(spot.name)
    for gap in GAPS:
        reach = spot.radius + gap - 4
        for dx, dy in (
            (1, 0),
            (-1, 0),
            (0.75, -0.75),
            (0.75, 0.75),
            (-0.75, -0.75),
            (-0.75, 0.75),
            (0, -1),
            (0, 1),
        ):
            x, y = spot.x + dx * reach, spot.y + dy * reach
            left = x - width * (0.5 if not dx else dx < 0)
            box = (left, y - LINE / 2, left + width, y + LINE / 2)
            anchor = "start" if dx > 0 else "end" if dx < 0 else "middle"
            leader = None if gap == GAPS[0] else (x, y + (LINE / 2 if not dx and dy < 0 else 0))
            yield Label(round(x, 1), round(y + 4, 1), anchor, leader), box


def inside(box: Box, frame: Box) -> bool:
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def crosses(line: tuple[float, float, float, float], box: Box) -> bool:
    """Whether a line goes through a box, asked at points along it."""
    x1, y1, x2, y2 = line
    points = ((x1 + (x2 - x1) * i / 12, y1 + (y2 - y1) * i / 12) for i in range(13))
    return any(box[0] < x < box[2] and box[1] < y < box[3] for x, y in points)
