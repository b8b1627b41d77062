"""What may be changed in a scene and drawn again: the pocket world's side of `Editable`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import UInt8

from benchmark.contracts import Thing
from benchmark.worlds import questions
from benchmark.worlds.claims import GRID
from benchmark.worlds.palette import BACKGROUNDS, COLOURS, held_out
from benchmark.worlds.pictograms import CATEGORY_NAMES, OBJECTS
from benchmark.worlds.scene import Scene

NOT_THINGS = len(COLOURS) + len(BACKGROUNDS) + len(CATEGORY_NAMES)
"""Concepts after the objects."""


def words(*phrases: str) -> frozenset[str]:
    """Every word of some phrases."""
    return frozenset(word for phrase in phrases for word in phrase.split())


class EditableScenes:
    """Scenes whose objects, the first concepts of the world, can be taken out or exchanged."""

    scenes: tuple[Scene, ...]
    thing_names: ClassVar[tuple[tuple[str, ...], ...]] = (
        *(item.names for item in OBJECTS),
        *((),) * NOT_THINGS,
    )
    descriptions: ClassVar[frozenset[str]] = words(
        *(name for colour in COLOURS for name in colour.names),
        *(name for ground in BACKGROUNDS for name in ground.names),
    )
    list_question: ClassVar[str] = questions.LIST

    def things(self, i: int) -> tuple[Thing, ...]:
        """Objects of scene i; the room of each is its cell."""
        return tuple(Thing(item.object, cell_box(item.cell)) for item in self.scenes[i].objects)

    def without(self, i: int, thing: int) -> UInt8[np.ndarray, "96 96 3"]:
        """Scene i without one of its objects."""
        return self.scenes[i].without(thing).render()

    def replacements(self, i: int, thing: int) -> list[int]:
        """Objects that are not in scene i and come in the colour of one that is."""
        here = {item.object for item in self.scenes[i].objects}
        colour = self.scenes[i].objects[thing].colour
        every = range(len(OBJECTS))
        return [obj for obj in every if obj not in here and not held_out(obj, colour)]

    def replaced(self, i: int, thing: int, concept: int) -> UInt8[np.ndarray, "96 96 3"]:
        """Scene i with another object in the place, size and colour of one.

        Raises ValueError for a concept that is no object, and for one that is there already.
        """
        if not 0 <= concept < len(OBJECTS):
            raise ValueError(f"concept {concept} is no object: there are {len(OBJECTS)}")
        return self.scenes[i].replaced(thing, concept).render()


def cell_box(cell: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a cell as shares of the picture."""
    row, column = divmod(cell, GRID)
    return column / GRID, row / GRID, (column + 1) / GRID, (row + 1) / GRID
