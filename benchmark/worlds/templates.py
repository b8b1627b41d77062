"""How captions are worded: the templates, and the words for places, relations and counts.

Fields of a pattern: `items` every thing with its details, `bare` a lone thing without its place,
`place` that place, `a` and `b` two things with `rel` between them, `bg` a phrase that places the
scene on its ground, `ground` the ground's name, `n` and `objects` how many there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Place = Literal["cell", "row", "column"]


@dataclass(frozen=True)
class Template:
    """One way to word a caption and which details it gives."""

    pattern: str
    n_things: int | None = None
    """How many objects it names; None is all of them."""
    noun: Literal["name", "category", "thing"] = "name"
    colour: bool = False
    place: Place | None = None
    exact: bool = False
    """Also asserts how many objects there are."""
    relation: bool = False
    joiner: str = " and "

    @property
    def background(self) -> bool:
        """Whether it says what the scene is on."""
        return "{bg}" in self.pattern or "{ground}" in self.pattern


def _full(pattern: str, exact: bool = False, joiner: str = " and ") -> Template:
    return Template(pattern, colour=True, place="cell", exact=exact, joiner=joiner)


FULL: tuple[Template, ...] = (
    _full("{items} {bg}"),
    _full("{bg}, {items}"),
    _full("a picture of {items} {bg}"),
    _full("there is {items} {bg}"),
    _full("the scene shows {items} {bg}"),
    _full("{bg} we can see {items}", joiner=", together with "),
    _full("an image with {items} {bg}", joiner=" as well as "),
    _full("only {items} {bg}", exact=True),
    _full("{items} {bg} and nothing else", exact=True),
    _full("{n} {objects} {bg}: {items}", exact=True),
    _full("a drawing made {bg}, it holds {items}", joiner=" plus "),
    _full("you will find {items}, all this {bg}", joiner=" along with "),
)

PARTIAL: tuple[Template, ...] = (
    Template("a photo of {items}", 1),
    Template("{items}", 1),
    Template("{items}", 2, joiner=" with "),
    Template("a picture of {items}"),
    Template("somebody drew {items} {bg}"),
    Template("here is {items}", 1, place="row"),
    Template("this illustration contains {items}", 2),
    Template("{items} stands {bg}", 1),
    Template("nothing but {items}", exact=True),
    Template("{items} can be seen", 1, place="column"),
    Template("{place} is {bare}", 1, place="cell"),
    Template("{place} lies {bare}", 1, colour=True, place="cell"),
    Template("{items}", 1, colour=True),
    Template("a photo of {items}", colour=True),
    Template("{items} {bg}", 2, colour=True),
    Template("one sees {items}", 2, colour=True, place="row"),
    Template("notice {items}", 2, place="cell", joiner=" but "),
    Template("it features {items}", 2, place="column", joiner=" while there is "),
    Template("a sketch showing {items}", 2, colour=True, place="column"),
    Template("{items} rests {bg}", 1, colour=True, place="row"),
    Template("just {items} {bg}", exact=True, colour=True),
    Template("a photo of {items}", 1, noun="category"),
    Template("{items}", noun="category", joiner=" along with "),
    Template("{items} appears {bg}", 1, noun="category", colour=True),
    Template("there must be {items}", 1, noun="category", place="column"),
    Template("{place} somebody placed {bare}", 1, noun="category", place="cell"),
    Template("{items}", 1, noun="thing", colour=True, place="row"),
    Template("{place} there is {bare}", 1, noun="thing", colour=True, place="column"),
    Template("{items} {bg}", 2, noun="thing", colour=True),
    Template("{a} {rel} {b}", 2, relation=True),
    Template("{a} is {rel} {b}", 2, colour=True, relation=True),
    Template("{bg} {a} is {rel} {b}", 2, relation=True),
    Template("{a} {rel} {b}", 2, noun="category", relation=True),
    Template("exactly {n} {objects} {bg}", 0, exact=True),
    Template("{n} {objects} in total", 0, exact=True),
    Template("a scene {bg}", 0),
    Template("the ground is {ground}", 0),
    Template("everything happens {bg}", 0),
)

EMPTY: tuple[Template, ...] = (
    Template("nothing {bg}", 0, exact=True),
    Template("an empty scene {bg}", 0, exact=True),
    Template("there is nothing {bg}", 0, exact=True),
    Template("{ground} without any object", 0, exact=True),
    Template("a blank picture of {ground}", 0, exact=True),
    Template("no objects at all {bg}", 0, exact=True),
    Template("an empty picture", 0, exact=True),
    Template("nobody drew anything", 0, exact=True),
    Template("{n} {objects} in total", 0, exact=True),
    Template("a scene {bg}", 0),
    Template("the ground is {ground}", 0),
)

NUMBERS = ("zero", "one", "two", "three")
COUNTED = (("object", "objects"), ("pictogram", "pictograms"), ("item", "items"))
THINGS = ("thing", "object", "shape", "figure")

_ROWS = (("top", "upper"), ("middle", "center"), ("bottom", "lower"))
_SIDES = ("left", None, "right")


def _corner(row: int, side: str) -> tuple[str, ...]:
    first, second = _ROWS[row]
    return (
        f"in the {first} {side} corner",
        f"at the {second} {side}",
        f"on the {side} of the {first} row",
    )


def _cell_phrases() -> tuple[tuple[str, ...], ...]:
    cells: list[tuple[str, ...]] = []
    for row, (first, second) in enumerate(_ROWS):
        for side in _SIDES:
            if row != 1 and side:
                cells.append(_corner(row, side))
            elif side:
                cells.append((f"at the {first} {side}", f"on the {side} halfway down"))
            elif row != 1:
                cells.append((f"at the {first} center", f"in the {second} middle"))
            else:
                cells.append(("in the center", "in the very middle", "in the central cell"))
    return tuple(cells)


CELL_PHRASES = _cell_phrases()
ROW_PHRASES = (
    ("in the top row", "along the upper edge", "in the upper third"),
    ("in the middle row", "halfway down"),
    ("in the bottom row", "along the lower edge", "in the lower third"),
)
COLUMN_PHRASES = (
    ("on the left", "on the left side", "in the left column"),
    ("in the middle column", "in the central column"),
    ("on the right", "on the right side", "in the right column"),
)
RELATION_PHRASES = {
    "left": ("left of", "to the left of", "further left than"),
    "right": ("right of", "to the right of", "further right than"),
    "above": ("above", "higher than", "higher up than"),
    "below": ("below", "lower than", "beneath"),
}
