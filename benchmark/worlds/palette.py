"""Colours and grounds of the pocket world, and the (object, colour) pairs kept for the test."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Colour:
    """A colour of objects: its names and its red, green and blue, 0-255."""

    name: str
    names: tuple[str, ...]
    rgb: tuple[int, int, int]


@dataclass(frozen=True)
class Background:
    """A textured ground: what it is called, how a scene is said to be on it, its mean colour."""

    name: str
    names: tuple[str, ...]
    phrases: tuple[str, ...]
    rgb: tuple[int, int, int]


COLOURS: tuple[Colour, ...] = (
    Colour("red", ("red", "scarlet", "crimson"), (208, 30, 36)),
    Colour("orange", ("orange", "tangerine"), (247, 130, 20)),
    Colour("yellow", ("yellow", "lemon"), (252, 222, 40)),
    Colour("green", ("green", "emerald"), (20, 125, 45)),
    Colour("blue", ("blue", "cobalt", "azure"), (35, 70, 205)),
    Colour("purple", ("purple", "violet"), (120, 40, 150)),
    Colour("pink", ("pink", "rosy"), (255, 120, 185)),
    Colour("white", ("white", "ivory", "snowy"), (252, 252, 252)),
    Colour("black", ("black", "ebony", "inky"), (16, 16, 18)),
)

BACKGROUNDS: tuple[Background, ...] = (
    Background(
        "grass",
        ("grass", "a lawn", "a meadow"),
        ("on grass", "on the grass", "on the lawn", "on a meadow"),
        (164, 203, 128),
    ),
    Background(
        "sand",
        ("sand", "a beach", "a desert"),
        ("on sand", "on the sand", "on the beach", "in the desert"),
        (228, 205, 165),
    ),
    Background(
        "water",
        ("water", "the sea", "rippling waves"),
        ("on water", "on the water", "over the sea", "over the waves"),
        (150, 200, 228),
    ),
    Background(
        "night",
        ("night", "a starry sky", "darkness"),
        ("by night", "in the night", "under a starry sky", "in the darkness"),
        (36, 38, 66),
    ),
    Background(
        "paper",
        ("paper", "a notebook page"),
        ("on paper", "on the paper", "on a notebook page"),
        (243, 240, 230),
    ),
    Background(
        "brick",
        ("brick", "masonry", "a wall"),
        ("on brick", "on the brick", "on masonry", "against the wall"),
        (176, 122, 104),
    ),
)

HELD_OUT_STRIDE = 20


def held_out(obj: int, colour: int) -> bool:
    """Whether train and val never show this pair: 21 of the 405, at most one an object."""
    return (3 * obj + 7 * colour) % HELD_OUT_STRIDE == 0
