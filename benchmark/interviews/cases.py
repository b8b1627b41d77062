"""Which thing of which picture is edited: drawn once, the same for every method."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from benchmark.contracts import Annotated


@dataclass(frozen=True)
class Case:
    """One edit to be: a thing of a picture, and what may stand in its place."""

    picture: int
    thing: int
    """Its number among the things of the picture."""
    target: int
    """Its concept."""
    new: int | None
    """The concept that replaces it; None where it is taken out."""
    patches: tuple[int, ...]
    """Where it is; none where a picture is one row."""
    elsewhere: tuple[int, ...]
    """As many patches with nothing on them; none where there is no such room."""
    truth: frozenset[int]
    """Everything in the picture."""


@dataclass(frozen=True, eq=False)
class Shown:
    """The things of a picture."""

    concepts: tuple[int, ...]
    places: tuple[tuple[int, ...], ...]
    """Patches of each."""
    others: tuple[tuple[int, ...], ...]
    """Concepts that may stand in the place of each."""


def shown(examples: Annotated, pictures: int, grid: tuple[int, int] | None) -> Iterable[Shown]:
    """The first pictures of a split; without a grid nothing has a place.

    Things of one concept are edited together: the place of each is that of all of them.
    """
    for i in range(pictures):
        things = examples.things(i)
        room: dict[int, set[int]] = {}
        for thing in things:
            room.setdefault(thing.concept, set()).update(thing.patches(grid) if grid else ())
        places = tuple(tuple(sorted(room[thing.concept])) for thing in things)
        concepts = tuple(thing.concept for thing in things)
        others = tuple(tuple(examples.replacements(i, k)) for k in range(len(things)))
        yield Shown(concepts, places, others)


def labelled(present: Bool[np.ndarray, "n c"], things: Sequence[int]) -> Iterable[Shown]:
    """Pictures of which no more is known than the labels of some concepts."""
    for row in present:
        here = tuple(c for c in things if row[c])
        absent = tuple(c for c in things if not row[c])
        yield Shown(here, ((),) * len(here), (absent,) * len(here))


def drawn(
    pictures: Iterable[Shown],
    most: int,
    rng: np.random.Generator,
    *,
    exchange: bool,
    grid: tuple[int, int] | None = None,
) -> list[Case]:
    """A case for each of the first pictures that have things enough: one, or a removal two kinds.

    What is taken out has to leave something that can be kept.
    """
    found: list[Case] = []
    for i, picture in enumerate(pictures):
        if len(found) == most:
            break
        if len(set(picture.concepts)) < (1 if exchange else 2):
            continue
        k = int(rng.integers(len(picture.concepts)))
        patches, others = picture.places[k], picture.others[k] if exchange else ()
        if (grid and not patches) or (exchange and not others):
            continue
        new = int(rng.choice(others)) if exchange else None
        elsewhere = _elsewhere(picture.places, len(patches), grid, rng) if grid else ()
        truth = frozenset(picture.concepts)
        found.append(Case(i, k, picture.concepts[k], new, patches, elsewhere, truth))
    return found


def _elsewhere(
    places: Sequence[Sequence[int]], n: int, grid: tuple[int, int], rng: np.random.Generator
) -> tuple[int, ...]:
    """The most compact free block of patches of a random place: n patches with nothing on them."""
    taken = {patch for place in places for patch in place}
    free = [p for p in range(grid[0] * grid[1]) if p not in taken]
    if len(free) < n:
        return ()
    row, column = divmod(free[int(rng.integers(len(free)))], grid[1])
    near = sorted(free, key=lambda p: ((p // grid[1] - row) ** 2 + (p % grid[1] - column) ** 2, p))
    return tuple(sorted(near[:n]))
