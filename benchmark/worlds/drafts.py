"""Puts a template into words for one scene: the choices, the text and the claim, side by side."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import TypeVar

from benchmark.worlds.claims import (
    ANY_OBJECT,
    ANYWHERE,
    GRID,
    RELATIONS,
    Claim,
    Relation,
    Slot,
    Thing,
    related,
)
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import (
    CATEGORIES,
    CATEGORY_NAMES,
    CATEGORY_OF,
    OBJECTS,
    meanings,
)
from benchmark.worlds.templates import (
    CELL_PHRASES,
    COLUMN_PHRASES,
    COUNTED,
    NUMBERS,
    RELATION_PHRASES,
    ROW_PHRASES,
    THINGS,
    Place,
    Template,
)

T = TypeVar("T")
VOWELS, SAID_YOU = "aeiou", "ut"


@dataclass(frozen=True)
class Phrase:
    """One thing in words, with what the words assert."""

    noun: str
    objects: frozenset[int]
    colour_word: str = ""
    colour: int | None = None
    place: str = ""
    cells: frozenset[int] = ANYWHERE

    def text(self, placed: bool = True) -> str:
        """With an article, and with its place if wanted: "an azure cat in the top row"."""
        words = f"{self.colour_word} {self.noun}".strip()
        article = "an" if words[0] in VOWELS and not words.startswith(SAID_YOU) else "a"
        return f"{article} {words} {self.place if placed else ''}".strip()


@dataclass(frozen=True)
class Draft:
    """A caption before it is put into words: every choice made, so that one can be changed."""

    template: Template
    phrases: tuple[Phrase, ...]
    count: int
    background: int
    bg: str
    ground: str
    counted: tuple[str, str]
    relation: Relation | None = None
    rel: str = ""

    def text(self) -> str:
        """The caption."""
        items = [phrase.text() for phrase in self.phrases]
        joined = self.template.joiner.join([", ".join(items[:-1]), *items[-1:]][len(items) < 2 :])
        fields = {"items": joined, "bg": self.bg, "ground": self.ground, "rel": self.rel}
        if self.phrases:
            fields |= {"bare": self.phrases[0].text(placed=False), "place": self.phrases[0].place}
        if self.relation is not None:
            fields |= {"a": items[0], "b": items[1]}
        fields |= {"n": NUMBERS[self.count], "objects": self.counted[self.count != 1]}
        return self.template.pattern.format(**fields)

    def claim(self) -> Claim:
        """What the caption asserts."""
        return Claim(
            tuple(Thing(phrase.objects, phrase.colour, phrase.cells) for phrase in self.phrases),
            self.background if self.template.background else None,
            self.count if self.template.exact else None,
            self.relation,
        )


def pick(rng: random.Random, options: Sequence[T]) -> T:
    """One of the options; from `random()` alone, whose stream Python promises to keep."""
    return options[int(rng.random() * len(options))]


@lru_cache(maxsize=1)
def _meanings() -> dict[str, frozenset[int]]:
    return {name: frozenset(objects) for name, objects in meanings().items()}


@lru_cache(maxsize=1)
def _members() -> tuple[frozenset[int], ...]:
    kinds = range(len(CATEGORIES))
    return tuple(frozenset(o for o, c in enumerate(CATEGORY_OF) if c == kind) for kind in kinds)


def _noun(rng: random.Random, kind: str, obj: int) -> tuple[str, frozenset[int]]:
    """A word for an object and everything that the word may mean."""
    if kind == "name":
        name = pick(rng, OBJECTS[obj].names)
        return name, _meanings()[name]
    if kind == "category":
        category = CATEGORY_OF[obj]
        return pick(rng, CATEGORY_NAMES[CATEGORIES[category]]), _members()[category]
    return pick(rng, THINGS), ANY_OBJECT


def _place(rng: random.Random, kind: Place, cell: int) -> tuple[str, frozenset[int]]:
    """A phrase for a cell, its row or its column, and the cells that the phrase allows."""
    row, column = divmod(cell, GRID)
    if kind == "cell":
        return pick(rng, CELL_PHRASES[cell]), frozenset({cell})
    if kind == "row":
        return pick(rng, ROW_PHRASES[row]), frozenset(range(GRID * row, GRID * row + GRID))
    return pick(rng, COLUMN_PHRASES[column]), frozenset(range(column, GRID * GRID, GRID))


def _phrase(rng: random.Random, template: Template, slot: Slot) -> Phrase:
    obj, colour, cell = slot
    phrase = Phrase(*_noun(rng, template.noun, obj))
    if template.colour:
        phrase = replace(phrase, colour_word=pick(rng, COLOURS[colour].names), colour=colour)
    if template.place is not None:
        place, cells = _place(rng, template.place, cell)
        phrase = replace(phrase, place=place, cells=cells)
    return phrase


def _shuffled(rng: random.Random, slots: Sequence[Slot]) -> list[Slot]:
    """The objects in random order."""
    keyed = sorted((rng.random(), slot) for slot in slots)
    return [slot for _, slot in keyed]


def write(
    rng: random.Random, template: Template, slots: Sequence[Slot], background: int
) -> Draft | None:
    """One caption after a template; None where the scene has too few objects for it."""
    wanted = len(slots) if template.n_things is None else template.n_things
    if wanted > len(slots) or (template.n_things is None and not slots):
        return None
    chosen = _shuffled(rng, slots)[:wanted]
    relation = None
    if template.relation:
        true = [r for r in RELATIONS if related(r, chosen[0][2], chosen[1][2])]
        relation = pick(rng, true)
    return Draft(
        template,
        tuple(_phrase(rng, template, slot) for slot in chosen),
        len(slots),
        background,
        pick(rng, BACKGROUNDS[background].phrases),
        pick(rng, BACKGROUNDS[background].names),
        pick(rng, COUNTED),
        relation,
        pick(rng, RELATION_PHRASES[relation]) if relation else "",
    )
