"""What may be asked about a scene, and the one true answer to each question.

"list every object" names all objects by their first name, in reading order, so an answer is never
merely a part of the truth. Every concept (object, category, colour, ground) has exactly one
yes/no question.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from benchmark.worlds.drafts import pick
from benchmark.worlds.palette import BACKGROUNDS, COLOURS
from benchmark.worlds.pictograms import CATEGORIES, CATEGORY_NAMES, CATEGORY_OF, OBJECTS
from benchmark.worlds.scene import Placed, Scene
from benchmark.worlds.templates import CELL_PHRASES, NUMBERS

Kind = Literal["list", "coloured", "is there", "colour", "ground", "place", "count", "describe"]
LIST, COLOURED = "list every object", "list every object with its color"
GROUND, COUNT, DESCRIBE = "what is the ground ?", "how many objects are there ?", "describe it"
NOTHING, YES, NO = "nothing", "yes", "no"
SEPARATOR = " , "
OTHERS: tuple[Kind, ...] = ("coloured", "colour", "ground", "place", "count", "describe")
SHORT = OTHERS[:-1]
"""Kinds whose answer is certain word by word."""
YES_NO, MORE = 3, 2


@dataclass(frozen=True)
class Exchange:
    """A question about a scene and its answer."""

    kind: Kind
    question: str
    answer: str


def with_article(noun: str) -> str:
    """A noun with the article that it takes."""
    return f"an {noun}" if noun[0] in "aeiou" else f"a {noun}"


@lru_cache(maxsize=1)
def yes_no_questions() -> dict[tuple[str, int], str]:
    """The yes/no question of every concept: (kind, index) to its wording."""
    asked: dict[tuple[str, int], str] = {}
    for i, item in enumerate(OBJECTS):
        asked["object", i] = f"is there {with_article(item.name)} ?"
    for i, category in enumerate(CATEGORIES):
        asked["category", i] = f"is there {with_article(CATEGORY_NAMES[category][0])} ?"
    for i, colour in enumerate(COLOURS):
        asked["colour", i] = f"is anything {colour.name} ?"
    for i, ground in enumerate(BACKGROUNDS):
        asked["background", i] = f"is the ground {ground.name} ?"
    return asked


def present(scene: Scene) -> frozenset[tuple[str, int]]:
    """Every concept that a scene shows, as (kind, index)."""
    here: set[tuple[str, int]] = {("background", scene.background)}
    for item in scene.objects:
        here |= {("object", item.object), ("colour", item.colour)}
        here.add(("category", CATEGORY_OF[item.object]))
    return frozenset(here)


def listed(objects: Sequence[int]) -> str:
    """The answer that names these objects, in this order."""
    return SEPARATOR.join(OBJECTS[i].name for i in objects) or NOTHING


def read_list(answer: str) -> tuple[str, ...]:
    """The names in an answer to "list every object", as they stand; () for nothing.

    Names that no object has stay in: what is invented is for the judge to see.
    """
    if answer.strip() == NOTHING:
        return ()
    return tuple(" ".join(name.split()) for name in answer.split(","))


def list_objects(scene: Scene) -> Exchange:
    """All objects in reading order."""
    return Exchange("list", LIST, listed([item.object for item in scene.objects]))


def is_there(scene: Scene, concept: tuple[str, int]) -> Exchange:
    """The yes/no question of one concept."""
    answer = YES if concept in present(scene) else NO
    return Exchange("is there", yes_no_questions()[concept], answer)


def colour_of(obj: int) -> str:
    """The question for an object's colour."""
    return f"what color is the {OBJECTS[obj].name} ?"


def colour_question(item: Placed) -> Exchange:
    """The question for an object's colour, with its answer."""
    return Exchange("colour", colour_of(item.object), COLOURS[item.colour].name)


def any_yes_no(rng: random.Random, scene: Scene) -> Exchange:
    """A yes/no question that is true or false with even odds, of a random kind of concept."""
    here = present(scene)
    true = rng.random() < 0.5
    kinds = sorted({kind for kind, _ in here})
    kind = pick(rng, kinds) if rng.random() < 0.5 else "object" if "object" in kinds else kinds[0]
    pool = [c for c in yes_no_questions() if c[0] == kind and (c in here) == true]
    return is_there(scene, pick(rng, pool))


def conversation(
    rng: random.Random, scene: Scene, kinds: Sequence[Kind] = SHORT
) -> tuple[Exchange, ...]:
    """The list of all objects, some yes/no questions, and some of other kinds."""
    said = [list_objects(scene), *(any_yes_no(rng, scene) for _ in range(YES_NO))]
    others = [exchange(rng, pick(rng, kinds), scene) for _ in range(MORE)]
    return (*said, *(other for other in others if other is not None))


def exchange(rng: random.Random, kind: Kind, scene: Scene) -> Exchange | None:
    """A question of a kind with its answer; None where an empty scene has no thing to ask about."""
    if kind == "list":
        return list_objects(scene)
    if kind == "is there":
        return any_yes_no(rng, scene)
    if kind == "ground":
        return Exchange(kind, GROUND, BACKGROUNDS[scene.background].name)
    if kind == "count":
        return Exchange(kind, COUNT, NUMBERS[len(scene.objects)])
    if kind == "describe":
        return Exchange(kind, DESCRIBE, next(c.text for c in scene.captions() if c.full))
    if kind == "coloured":
        named = [f"{COLOURS[o.colour].name} {OBJECTS[o.object].name}" for o in scene.objects]
        return Exchange(kind, COLOURED, SEPARATOR.join(named) or NOTHING)
    if not scene.objects:
        return None
    item = pick(rng, scene.objects)
    name = OBJECTS[item.object].name
    if kind == "colour":
        return colour_question(item)
    return Exchange(kind, f"where is the {name} ?", CELL_PHRASES[item.cell][0])
