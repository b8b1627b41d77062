"""Draws pictograms as small coverage masks, cached over quantised size, angle and weight."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import matplotlib
import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont

from benchmark.worlds.pictograms import DRAWN_GOLF_CLUB, DRAWN_SHOVEL, OBJECTS

SIZES = (22, 24, 26, 28, 30)
"""Longer side of a drawn pictogram in pixels: .75-1 of the largest that fits a 32-pixel cell."""
ANGLES = (-15, -10, -5, 0, 5, 10, 15)
MASTER_EM = 150
MASTER_SIDE = 360
WEIGHTS = (("DejaVuSans.ttf", 1), ("DejaVuSans-Bold.ttf", 1), ("DejaVuSans.ttf", 2))
"""Font file and extra stroke, in pixels of the master drawing (4 make about one drawn pixel)."""


def font_file(name: str) -> Path:
    """A font that matplotlib ships."""
    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / name


@lru_cache(maxsize=4)
def _font(name: str) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(font_file(name), MASTER_EM)


def _draw_shovel(pen: ImageDraw.ImageDraw, thick: int) -> None:
    """A shovel standing on its blade, with a handle like a D."""
    pen.line([(180, 92), (180, 220)], fill=255, width=12 + 2 * thick)
    pen.rounded_rectangle((152, 66, 208, 98), radius=10, outline=255, width=9 + thick)
    blade = [(142, 200), (218, 200), (218, 262), (202, 290), (180, 302), (158, 290), (142, 262)]
    pen.polygon(blade, fill=255)


def _draw_golf_club(pen: ImageDraw.ImageDraw, thick: int) -> None:
    """A golf club leaning to the right, its iron behind a ball."""
    pen.line([(258, 70), (150, 262)], fill=255, width=10 + 2 * thick)
    pen.line([(258, 70), (230, 120)], fill=255, width=22 + 2 * thick)
    pen.polygon([(168, 244), (142, 292), (84, 296), (72, 276), (96, 258)], fill=255)
    pen.ellipse((190, 252, 236, 298), fill=255)


_DRAWN = {DRAWN_SHOVEL: _draw_shovel, DRAWN_GOLF_CLUB: _draw_golf_club}


@lru_cache(maxsize=8192)
def _master(glyph: str, weight: int, angle: int) -> Image.Image:
    """The glyph large, turned by `angle` degrees and cropped to its ink."""
    file, stroke = WEIGHTS[weight]
    canvas = Image.new("L", (MASTER_SIDE, MASTER_SIDE), 0)
    pen = ImageDraw.Draw(canvas)
    if glyph in _DRAWN:
        _DRAWN[glyph](pen, (0, 4, 2)[weight])
    else:
        centre = (MASTER_SIDE // 2, MASTER_SIDE // 2)
        font = _font(file)
        pen.text(centre, glyph, font=font, fill=255, anchor="mm", stroke_width=stroke)
    turned = canvas.rotate(angle, resample=Image.Resampling.BILINEAR)
    return turned.crop(turned.getbbox())


def n_variants(obj: int) -> int:
    """How many ways there are to draw an object: glyphs times weights."""
    return len(OBJECTS[obj].glyphs) * len(WEIGHTS)


@lru_cache(maxsize=32768)
def mask(obj: int, variant: int, size: int, angle: int) -> Float[np.ndarray, "h w 1"]:
    """Coverage 0-1 of an object; the longer side has exactly `size` pixels.

    `variant` counts glyphs times weights and wraps round, so that an edit may keep the number.
    """
    glyphs = OBJECTS[obj].glyphs
    glyph, weight = glyphs[variant // len(WEIGHTS) % len(glyphs)], variant % len(WEIGHTS)
    master = _master(glyph, weight, angle)
    factor = size / max(master.size)
    shape = (max(1, round(master.width * factor)), max(1, round(master.height * factor)))
    small = master.resize(shape, resample=Image.Resampling.BOX)
    out = np.asarray(small, dtype=np.float32)[:, :, None] / 255
    out.flags.writeable = False
    return out
