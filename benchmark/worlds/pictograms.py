"""The objects of the pocket world: their glyphs, categories and names.

Pictures are glyphs of DejaVu Sans, which matplotlib ships; `glyphs.py` draws them. A few names
have two meanings on purpose (a club is a card suit or a golf club): such a word is true of both.
"""

from __future__ import annotations

from dataclasses import dataclass

DRAWN_SHOVEL = "drawn:shovel"
DRAWN_GOLF_CLUB = "drawn:golf club"


@dataclass(frozen=True)
class Pictogram:
    """One object: what it is called and the glyphs that may depict it."""

    name: str
    category: str
    names: tuple[str, ...]
    """Every way to call it; a name that two objects share is ambiguous."""
    glyphs: tuple[str, ...]
    """Characters of DejaVu Sans, or a picture drawn in `glyphs.py`."""


def _rows(category: str, *rows: tuple[str, str]) -> tuple[Pictogram, ...]:
    """Pictograms of one category from (characters, "name, other name, …")."""
    made = []
    for glyphs, names in rows:
        split = tuple(name.strip() for name in names.split(","))
        chars = (glyphs,) if glyphs.startswith("drawn:") else tuple(glyphs)
        made.append(Pictogram(split[0], category, split, chars))
    return tuple(made)


OBJECTS: tuple[Pictogram, ...] = (
    *_rows(
        "animal",
        ("\U0001f431", "cat, kitten, tomcat"),
        ("\U0001f42e", "cow, ox, bull"),
        ("\U0001f42d", "mouse, rodent"),
        ("\U0001f435", "monkey, ape, chimp"),
    ),
    *_rows(
        "weather",
        ("☀", "sun, sunburst"),
        ("☁", "cloud, raincloud"),
        ("❄❅", "snowflake, ice crystal"),
        ("⚡", "lightning bolt, thunderbolt"),
        ("☾☽", "moon, crescent"),
        ("☂", "umbrella, parasol, brolly"),
    ),
    *_rows(
        "plant",
        ("☘", "shamrock, clover"),
        ("✿❀", "flower, blossom, bloom"),
        ("❧☙", "leaf, sprig of ivy"),
    ),
    *_rows(
        "chess",
        ("♚", "king, monarch, crown"),
        ("♛", "queen, chess lady, crown"),
        ("♜", "rook, castle, tower"),
        ("♞", "knight, horse, steed"),
        ("♟", "pawn, foot soldier"),
    ),
    *_rows(
        "card suit",
        ("♠♤", "spade suit, pike, spade"),
        ("♥♡", "heart, valentine"),
        ("♦♢", "diamond, rhombus, lozenge"),
        ("♣♧", "club suit, clover, club"),
    ),
    *_rows(
        "tool",
        ("✂✄", "pair of scissors, pair of shears, cutter"),
        ("⚙", "gear, cogwheel, wheel"),
        ("⚒", "hammer, pickaxe"),
        ("✏✎", "pencil, crayon"),
        (DRAWN_SHOVEL, "shovel, digger, spade"),
    ),
    *_rows(
        "travel",
        ("✈", "airplane, plane, jet"),
        ("⚓", "anchor, ship anchor"),
        ("☸", "helm, steering wheel, wheel"),
        ("⚑⚐", "flag, banner, pennant"),
    ),
    *_rows(
        "home",
        ("☕", "cup, mug, hot drink"),
        ("☎☏", "telephone, phone"),
        ("✉", "envelope, letter, note"),
        ("⌂", "house, hut, cottage"),
    ),
    *_rows(
        "danger",
        ("☠", "skull, skeleton"),
        ("☢", "radiation mark, nuclear mark"),
        ("☣", "biohazard, germ mark"),
    ),
    *_rows(
        "science",
        ("⚛", "atom, nucleus"),
        ("⚗", "flask, retort"),
        ("⚖", "balance, pair of scales"),
    ),
    *_rows("music", ("♪", "quaver, eighth note, note"), ("♫♬", "melody, tune")),
    *_rows("game", ("⚄⚅", "die, dotted cube"), (DRAWN_GOLF_CLUB, "golf club, putter, club")),
)

CATEGORY_NAMES: dict[str, tuple[str, ...]] = {
    "animal": ("animal", "creature", "beast"),
    "weather": ("weather sign", "weather symbol"),
    "plant": ("plant", "piece of greenery"),
    "chess": ("chess piece", "chessman"),
    "card suit": ("card suit", "suit of cards"),
    "tool": ("tool", "implement", "utensil"),
    "travel": ("travel sign", "thing for a journey"),
    "home": ("household item", "domestic object"),
    "danger": ("danger sign", "hazard warning"),
    "science": ("science sign", "laboratory emblem"),
    "music": ("musical sign", "bit of music"),
    "game": ("game item", "plaything"),
}
CATEGORIES: tuple[str, ...] = tuple(CATEGORY_NAMES)

OBJECT_INDEX = {item.name: i for i, item in enumerate(OBJECTS)}
CATEGORY_OF: tuple[int, ...] = tuple(CATEGORIES.index(item.category) for item in OBJECTS)


def meanings() -> dict[str, tuple[int, ...]]:
    """Every object name with the indices of the objects that it may mean."""
    found: dict[str, tuple[int, ...]] = {}
    for i, item in enumerate(OBJECTS):
        for name in item.names:
            found[name] = (*found.get(name, ()), i)
    return found
