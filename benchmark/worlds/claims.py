"""What a caption asserts, kept apart from its wording, and whether that is true of a scene."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations
from typing import Literal

import numpy as np
from jaxtyping import Bool, Int

from benchmark.worlds.pictograms import CATEGORIES, CATEGORY_OF, OBJECTS

GRID = 3
N_CELLS = GRID * GRID
MAX_OBJECTS = 3
ANY_OBJECT = frozenset(range(len(OBJECTS)))
ANYWHERE = frozenset(range(N_CELLS))
Relation = Literal["left", "right", "above", "below"]
RELATIONS: tuple[Relation, ...] = ("left", "right", "above", "below")


@dataclass(frozen=True)
class Thing:
    """Something that a caption says is there: one of these objects, coloured so, in these cells."""

    objects: frozenset[int]
    colour: int | None = None
    cells: frozenset[int] = ANYWHERE


@dataclass(frozen=True)
class Claim:
    """All that a caption asserts; what it leaves out is None. Things are different objects."""

    things: tuple[Thing, ...] = ()
    background: int | None = None
    count: int | None = None
    """The exact number of objects in the scene: "nothing else" and "empty" are counts too."""
    relation: Relation | None = None
    """Where the first thing is, seen from the second."""


Slot = tuple[int, int, int]
"""An object of a scene: object, colour, cell."""


def related(relation: Relation | None, first: int, second: int) -> bool:
    """Whether the first cell lies so from the second; rows and columns are compared alone."""
    rows, columns = first // GRID - second // GRID, first % GRID - second % GRID
    answers = {"left": columns < 0, "right": columns > 0, "above": rows < 0, "below": rows > 0}
    return relation is None or answers[relation]


def holds(claim: Claim, slots: Sequence[Slot], background: int) -> bool:
    """Whether a claim is true of one scene: the slow reference, straight from the definition."""
    if claim.background not in (None, background) or claim.count not in (None, len(slots)):
        return False
    for chosen in permutations(slots, len(claim.things)):
        fits = all(
            obj in thing.objects and thing.colour in (None, colour) and cell in thing.cells
            for thing, (obj, colour, cell) in zip(claim.things, chosen, strict=True)
        )
        if fits and (claim.relation is None or related(claim.relation, chosen[0][2], chosen[1][2])):
            return True
    return False


def mentions(claim: Claim, n_colours: int, n_backgrounds: int) -> Bool[np.ndarray, " c"]:
    """Concepts that a claim asserts: objects, colours, backgrounds, categories, in this order.

    A word with two meanings asserts neither object, and the category only if both share it.
    """
    objects, colours = np.zeros(len(OBJECTS), bool), np.zeros(n_colours, bool)
    backgrounds, categories = np.zeros(n_backgrounds, bool), np.zeros(len(CATEGORIES), bool)
    for thing in claim.things:
        if len(thing.objects) == 1:
            objects[min(thing.objects)] = True
        shared = {CATEGORY_OF[obj] for obj in thing.objects}
        if len(shared) == 1:
            categories[min(shared)] = True
        if thing.colour is not None:
            colours[thing.colour] = True
    if claim.background is not None:
        backgrounds[claim.background] = True
    return np.concatenate([objects, colours, backgrounds, categories])


class SceneTable:
    """Scenes as arrays, to judge many claims: objects, colours and cells [n, 3], -1 where none."""

    def __init__(self, slots: Sequence[Sequence[Slot]], backgrounds: Sequence[int]) -> None:
        table = np.full((len(slots), MAX_OBJECTS, 3), -1, dtype=np.int64)
        for i, row in enumerate(slots):
            if row:
                table[i, : len(row)] = row
        self.objects, self.colours, self.cells = np.moveaxis(table, 2, 0)
        self.backgrounds = np.asarray(backgrounds, dtype=np.int64)
        self.counts = (self.objects >= 0).sum(1)
        self.everything = np.arange(len(slots))
        with_object = [(self.objects == obj).any(1).nonzero()[0] for obj in range(len(OBJECTS))]
        self.with_object: list[Int[np.ndarray, " s"]] = with_object

    def true_of(self, claim: Claim) -> Int[np.ndarray, " s"]:
        """Ascending indices of all scenes that a claim is true of."""
        rows = self._candidates(claim)
        if claim.background is not None:
            rows = rows[self.backgrounds[rows] == claim.background]
        if claim.count is not None:
            rows = rows[self.counts[rows] == claim.count]
        if not claim.things or not len(rows):
            return rows
        fits = [self._fits(thing, rows) for thing in claim.things]
        found = np.zeros(len(rows), dtype=bool)
        for chosen in permutations(range(MAX_OBJECTS), len(fits)):
            each = fits[0][:, chosen[0]]
            for column, slot in enumerate(chosen[1:], start=1):
                each = each & fits[column][:, slot]
            if claim.relation is not None:
                each = each & self._related(claim.relation, rows, chosen[0], chosen[1])
            found |= each
        return rows[found]

    def _candidates(self, claim: Claim) -> Int[np.ndarray, " s"]:
        """Scenes with any object that the most telling thing may be."""
        sets = [thing.objects for thing in claim.things if thing.objects != ANY_OBJECT]
        if not sets:
            return self.everything
        smallest = min(sets, key=lambda objects: sum(len(self.with_object[o]) for o in objects))
        if len(smallest) == 1:
            return self.with_object[min(smallest)]
        return np.unique(np.concatenate([self.with_object[o] for o in sorted(smallest)]))

    def _fits(self, thing: Thing, rows: Int[np.ndarray, " s"]) -> Bool[np.ndarray, "s 3"]:
        """Which slot of which scene may be this thing."""
        objects = self.objects[rows]
        if thing.objects == ANY_OBJECT:
            fits = objects >= 0
        elif len(thing.objects) == 1:
            fits = objects == min(thing.objects)
        else:
            fits = np.isin(objects, sorted(thing.objects))
        if thing.colour is not None:
            fits = fits & (self.colours[rows] == thing.colour)
        if thing.cells != ANYWHERE:
            inside = np.zeros(N_CELLS + 1, dtype=bool)
            inside[sorted(thing.cells)] = True
            fits = fits & inside[self.cells[rows]]
        return fits

    def _related(
        self, relation: Relation, rows: Int[np.ndarray, " s"], first: int, second: int
    ) -> Bool[np.ndarray, " s"]:
        """Whether the object in slot `first` lies so from the one in slot `second`."""
        a, b = self.cells[rows, first], self.cells[rows, second]
        if relation in ("left", "right"):
            a, b = a % GRID, b % GRID
        else:
            a, b = a // GRID, b // GRID
        return a < b if relation in ("left", "above") else a > b
