"""Which concepts are steered, and in which pictures: the same for every method, block and dose.

Each case is a pair of pictures that differ in one thing: a picture without the concept, and the
same one with it drawn in an empty room. Adding pushes the empty room of the first, suppressing the
same room of the second, so the two signs meet the same scenes in the same places.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal, TypeVar

import numpy as np

from benchmark.contracts import NotApplicableError, Steerable, Subject, Thing

Sign = Literal["add", "supp"]
SIGNS: tuple[Sign, Sign] = ("add", "supp")
Asked = Literal["val", "test"]
Item = TypeVar("Item")
N_THINGS, N_CATEGORIES = 8, 2
N_CASES: Mapping[Asked, int] = {"val": 12, "test": 50}
"""Of each concept."""
THINGS = (1, 2)
"""How many a picture has before one is added: something else is there, and room is left."""


@dataclass(frozen=True)
class Case:
    """One concept and the two pictures that differ in it."""

    picture: int
    """The one without it."""
    concept: int
    room: int
    """Which of its empty rooms."""
    thing: int
    """What is drawn there: the concept itself, or one of a category."""
    patches: tuple[int, ...]
    """Of the room."""
    others: frozenset[int]
    """Everything else in the picture."""

    def truth(self, sign: Sign) -> frozenset[int]:
        """Everything in the picture that is pushed."""
        return self.others if sign == "add" else self.others | {self.thing}


def steerable(subject: Subject, split: str) -> Steerable:
    """Pictures of a split. Raises NotApplicableError where nothing can be put into them."""
    found = subject.examples.get(split)  # type: ignore[call-overload]
    if not isinstance(found, Steerable):
        raise NotApplicableError("pictures are needed into which a thing can be drawn")
    return found


def steered_concepts(subject: Subject, grid: tuple[int, int]) -> tuple[int, ...]:
    """Some things, then some categories, drawn among those with pictures enough.

    Raises NotApplicableError for fewer than two: concepts are the sample.
    """
    examples = steerable(subject, "test")
    n = len(examples.thing_names)
    many = {c: len(examples.members(c)) for c in range(n) if examples.members(c)}
    order = [c for c in subject.rng("steered concepts").permutation(n).tolist() if c in many]
    found: list[int] = []
    for kinds, most in (((1,), N_THINGS), (range(2, n), N_CATEGORIES)):
        able = (c for c in order if many[c] in kinds and _enough(subject, c, grid))
        found += sorted(islice(able, most))
    if len(found) < 2:
        raise NotApplicableError(
            f"{len(found)} concepts can be drawn into {N_CASES['test']} pictures of the evaluated "
            f"split and {N_CASES['val']} of val: wanted two or more"
        )
    return tuple(found)


def _enough(subject: Subject, concept: int, grid: tuple[int, int]) -> bool:
    return all(len(_drawn(subject, s, concept, grid)) == N_CASES[s] for s in N_CASES)


def drawn_cases(
    subject: Subject, split: Asked, concepts: Sequence[int], grid: tuple[int, int]
) -> tuple[Case, ...]:
    """As many cases of each concept, concept by concept, in an order that is drawn for each."""
    return tuple(case for c in concepts for case in _drawn(subject, split, c, grid))


def _drawn(subject: Subject, split: Asked, concept: int, grid: tuple[int, int]) -> list[Case]:
    examples = steerable(subject, split)
    n = subject.val.n_images if split == "val" else subject.test.n_images
    rng = subject.rng(f"steering/{split}/{concept}")
    return list(islice(_cases(examples, n, concept, grid, rng), N_CASES[split]))


def _cases(
    examples: Steerable, n: int, concept: int, grid: tuple[int, int], rng: np.random.Generator
) -> Iterator[Case]:
    members = frozenset(examples.members(concept))
    for i in rng.permutation(n).tolist():
        here = frozenset(thing.concept for thing in examples.things(i))
        if len(here) not in THINGS or here & members:
            continue
        rooms = [Thing(concept, box).patches(grid) for box in examples.rooms(i)]
        able = [k for k, patches in enumerate(rooms) if patches]
        if able:
            room, thing = int(rng.choice(able)), int(rng.choice(sorted(members)))
            yield Case(i, concept, room, thing, rooms[room], here)


def first_of_each(items: Iterable[Item], n: int, case_of: Callable[[Item], Case]) -> list[Item]:
    """The first n of each concept, concept by concept."""
    found: dict[int, list[Item]] = {}
    for each in items:
        found.setdefault(case_of(each).concept, []).append(each)
    return [each for of in found.values() for each in of[:n]]


def pictures(examples: Steerable, sign: Sign, cases: Sequence[Case]) -> list[Any]:
    """The pictures that are pushed: without the concept where it is added, else with it."""
    if sign == "add":
        return [examples.images(c.picture, c.picture + 1)[0] for c in cases]  # type: ignore[attr-defined]
    return [examples.added(c.picture, c.room, c.thing) for c in cases]


def other(sign: Sign) -> Sign:
    """The pictures of the other sign are what a push would make of these at best."""
    return "supp" if sign == "add" else "add"
