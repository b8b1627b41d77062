"""What may be changed in a scene and drawn again: the pocket world's side of `Editable`."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from jaxtyping import UInt8

from benchmark.contracts import Thing
from benchmark.worlds import questions
from benchmark.worlds.claims import GRID, N_CELLS
from benchmark.worlds.concepts import PLACES
from benchmark.worlds.palette import BACKGROUNDS, COLOURS, held_out
from benchmark.worlds.pictograms import CATEGORIES, CATEGORY_NAMES, CATEGORY_OF, OBJECTS
from benchmark.worlds.scene import Scene

NOT_THINGS = len(PLACES) - len(OBJECTS)
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
    yes_no: ClassVar[tuple[str, str]] = (questions.YES, questions.NO)

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

    def members(self, concept: int) -> tuple[int, ...]:
        """An object itself, or all objects of a category."""
        kind, i = PLACES[concept]
        if kind == "object":
            return (i,)
        return tuple(o for o, own in enumerate(CATEGORY_OF) if kind == "category" and own == i)

    def names(self, concept: int) -> tuple[str, ...]:
        """Every way to call an object or a category."""
        kind, i = PLACES[concept]
        return CATEGORY_NAMES[CATEGORIES[i]] if kind == "category" else self.thing_names[concept]

    def question(self, concept: int) -> str:
        """The one yes/no question of a concept."""
        return questions.yes_no_questions()[PLACES[concept]]

    def statement(self, concept: int, *, present: bool) -> str:
        """That there is an object or a category, or none."""
        name = self.names(concept)[0]
        return f"there is {questions.with_article(name) if present else f'no {name}'} ."

    def rooms(self, i: int) -> tuple[tuple[float, float, float, float], ...]:
        """Empty cells of scene i."""
        return tuple(cell_box(cell) for cell in self._empty(i))

    def added(self, i: int, room: int, concept: int) -> UInt8[np.ndarray, "96 96 3"]:
        """Scene i with one more object in one of its empty cells, in a colour that shows.

        Raises ValueError for a concept that is no object, and for one that is there already.
        """
        if not 0 <= concept < len(OBJECTS):
            raise ValueError(f"concept {concept} is no object: there are {len(OBJECTS)}")
        return self.scenes[i].added(self._empty(i)[room], concept).render()

    def _empty(self, i: int) -> list[int]:
        taken = {item.cell for item in self.scenes[i].objects}
        return [cell for cell in range(N_CELLS) if cell not in taken]


def cell_box(cell: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a cell as shares of the picture."""
    row, column = divmod(cell, GRID)
    return column / GRID, row / GRID, (column + 1) / GRID, (row + 1) / GRID
