"""Words beside points so that they hide as little as can be of each other and of the points."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Spot = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, low, right, high, in points (1/72 inch)."""
AROUND = ((1, 0), (1, 1), (1, -1), (0, 1), (0, -1), (-1, 1), (-1, -1), (-1, 0))
"""Where a label may stand: right of its point first, then over, under and left of it."""
NEAR = (7.0, 13.0, 21.0)
"""How far from its point, the nearest first."""
LETTER, TALL, MARK = 0.56, 1.3, 4.0
"""A letter's width and height in font sizes; half a mark."""


def beside(
    axis: Any, at: Sequence[Spot], texts: Sequence[str], size: float, taken: Sequence[Spot]
) -> list[tuple[Spot, bool]]:
    """The centre of each label in points from the corner of the panel, and whether it is far off.

    `at` are the labelled points and `taken` all that should stay visible, in data coordinates. The
    panel must be laid out.
    """
    scale = 72 / axis.figure.dpi
    left, low, right, high = (edge * scale for edge in axis.bbox.extents)
    room = (0.0, 0.0, right - left, high - low)

    def in_points(spot: Spot) -> Spot:
        x, y = axis.transData.transform(spot)
        return x * scale - left, y * scale - low

    marks = [(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in map(in_points, taken)]
    return placed([in_points(spot) for spot in at], texts, size, marks, room)


def placed(
    at: Sequence[Spot], texts: Sequence[str], size: float, taken: Sequence[Box], room: Box
) -> list[tuple[Spot, bool]]:
    """Each label, in turn, where it hides least; of equal places the first and nearest."""
    boxes, found = list(taken), []
    for (x, y), text in zip(at, texts, strict=True):
        w, h = LETTER * size * len(text) / 2, TALL * size / 2
        centres = [
            (x + a * (off + w), y + b * (off if a else off + h)) for off in NEAR for a, b in AROUND
        ]
        tried = [(cx - w, cy - h, cx + w, cy + h) for cx, cy in centres]
        costs = [cost(box, boxes, room) for box in tried]
        best = costs.index(min(costs))
        boxes.append(tried[best])
        found.append((centres[best], best >= len(AROUND)))
    return found


def cost(box: Box, boxes: Sequence[Box], room: Box) -> float:
    """What a label hides, in square points; ten times as much for what leaves the panel."""
    left, low, right, high = box
    outside = (right - left) * (high - low) - shared(box, room)
    return sum(shared(box, other) for other in boxes) + 10 * outside


def shared(a: Box, b: Box) -> float:
    """The area that two boxes have in common."""
    across, tall = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return max(across, 0.0) * max(tall, 0.0)
