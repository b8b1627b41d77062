"""The central square of a picture, and what of a box is left in it.

CLIP and LLaVA-1.5 cut pictures to it, SigLIP squeezes them into one, others tile them. Where it is
known where things are every backend is shown the same square, so that patches and boxes agree.
"""

from __future__ import annotations

from PIL import Image

from benchmark.contracts import Box

LEAST = 0.5
"""Share of a thing's box that must be in the square for the thing to count as there."""


def square(picture: Image.Image) -> Image.Image:
    """The central square; of an odd rest the larger part is right or below."""
    width, height = picture.size
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    return picture.crop((left, top, left + side, top + side))


def framed(box: Box, width: float, height: float) -> Box | None:
    """A box in shares of the square, from shares of the picture; None where too little is left."""
    side = min(width, height)
    left, top = (width - side) // 2, (height - side) // 2
    x0, y0, x1, y1 = box[0] * width, box[1] * height, box[2] * width, box[3] * height
    own = (x1 - x0) * (y1 - y0)
    cut = tuple(min(max((v - o) / side, 0.0), 1.0) for v, o in ((x0, left), (y0, top)))
    end = tuple(min(max((v - o) / side, 0.0), 1.0) for v, o in ((x1, left), (y1, top)))
    inside = (end[0] - cut[0]) * (end[1] - cut[1]) * side * side
    if own <= 0 or inside < LEAST * own:
        return None
    return cut[0], cut[1], end[0], end[1]
