"""Six textured grounds for scenes, and which object colours stand out from them."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
from jaxtyping import Bool, Float, UInt8

from benchmark.worlds.palette import BACKGROUNDS, COLOURS

SCENE_PX = 96
CANVAS = 256
MIN_CONTRAST = 40.0
"""Smallest distance in CIE Lab at which a colour counts as standing out."""


def _smooth(noise: Float[np.ndarray, "s s"], rows: int, columns: int) -> Float[np.ndarray, "s s"]:
    """A torus of noise averaged over a window, rescaled to unit deviation."""
    for axis, width in ((0, rows), (1, columns)):
        noise = np.mean([np.roll(noise, shift, axis) for shift in range(width)], axis=0)
    return (noise - noise.mean()) / noise.std()


def _grass(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    return 11 * _smooth(rng.standard_normal((CANVAS, CANVAS)), 9, 1)


def _sand(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    fine = rng.standard_normal((CANVAS, CANVAS))
    return 5 * fine + 6 * _smooth(rng.standard_normal((CANVAS, CANVAS)), 12, 12)


def _water(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    y, x = np.mgrid[:CANVAS, :CANVAS]
    bend = 2.5 * np.sin(2 * np.pi * x / 32) + _smooth(rng.standard_normal((CANVAS, CANVAS)), 24, 24)
    return 13 * np.sin(2 * np.pi * (y + bend) / 12.8)


def _night(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    sky = 3 * _smooth(rng.standard_normal((CANVAS, CANVAS)), 20, 20)
    rows, columns = rng.randint(0, CANVAS, (2, 260))
    sky[rows, columns] += rng.randint(60, 170, 260)
    return sky


def _paper(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    page = 2.0 * rng.standard_normal((CANVAS, CANVAS))
    page[::16] -= 46
    return page


def _brick(rng: np.random.RandomState) -> Float[np.ndarray, "s s"]:
    y, x = np.mgrid[:CANVAS, :CANVAS]
    course = y // 10 % 2
    column = (x + 12 * course) // 24 % 11
    wall = rng.standard_normal((26, 11))[y // 10, column] * 8 + 3 * rng.standard_normal(x.shape)
    wall[(y % 10 == 0) | ((x + 12 * course) % 24 == 0)] += 34
    return wall


_TEXTURES: dict[str, Callable[[np.random.RandomState], Float[np.ndarray, "s s"]]] = {
    "grass": _grass,
    "sand": _sand,
    "water": _water,
    "night": _night,
    "paper": _paper,
    "brick": _brick,
}


@lru_cache(maxsize=len(BACKGROUNDS))
def canvas(background: int) -> Float[np.ndarray, "s s 3"]:
    """The large texture that scenes are cut from; the same in every process and release."""
    item = BACKGROUNDS[background]
    relief = _TEXTURES[item.name](np.random.RandomState(background))
    tint = np.array([1.0, 1.0, 0.8]) if item.name != "paper" else np.array([1.0, 0.8, 0.4])
    return (np.array(item.rgb) + relief[:, :, None] * tint).astype(np.float32)


def ground(
    background: int, x: int, y: int, mirrored: bool, light: float
) -> UInt8[np.ndarray, "96 96 3"]:
    """The cut of a texture at (x, y), mirrored or not, made lighter by `light` levels."""
    cut = canvas(background)[y : y + SCENE_PX, x : x + SCENE_PX]
    if mirrored:
        cut = cut[:, ::-1]
    return np.clip(cut + light, 0, 255).astype(np.uint8)


def _lab(rgb: tuple[int, int, int]) -> Float[np.ndarray, " 3"]:
    """CIE Lab of an sRGB colour under D65."""
    value = np.array(rgb) / 255
    linear = np.where(value > 0.04045, ((value + 0.055) / 1.055) ** 2.4, value / 12.92)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(to_xyz) @ linear / [0.9505, 1.0, 1.089]
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@lru_cache(maxsize=1)
def contrasts() -> Float[np.ndarray, "backgrounds colours"]:
    """Distance in CIE Lab between every ground and every colour."""
    grounds = np.array([_lab(item.rgb) for item in BACKGROUNDS])
    colours = np.array([_lab(item.rgb) for item in COLOURS])
    return np.linalg.norm(grounds[:, None] - colours[None], axis=2)


def stands_out() -> Bool[np.ndarray, "backgrounds colours"]:
    """Which colours may be drawn on which ground."""
    return contrasts() >= MIN_CONTRAST
