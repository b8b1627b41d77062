"""Which thing of which picture is edited: drawn once, the same for every method."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.contracts import Editable, Thing, thing_concepts


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
    elsewhere: tuple[int, ...]
    """As many patches with nothing on them; none where there is no such room."""
    truth: frozenset[int]
    """Everything in the picture."""


def drawn(
    examples: Editable,
    pictures: int,
    most: int,
    grid: tuple[int, int],
    rng: np.random.Generator,
    *,
    exchange: bool,
) -> list[Case]:
    """A case for each of the first pictures that have things enough: one, or two for a removal.

    What is taken out has to leave something that can be kept.
    """
    named = thing_concepts(examples)
    found: list[Case] = []
    for i in range(pictures):
        things = examples.things(i)
        if len(things) < (1 if exchange else 2) or len(found) == most:
            continue
        k = int(rng.integers(len(things)))
        patches = things[k].patches(grid)
        if not patches:
            continue
        truth = frozenset(thing.concept for thing in things)
        others = [c for c in named if c not in truth]
        new = int(rng.choice(others)) if exchange else None
        elsewhere = _elsewhere(things, len(patches), grid, rng)
        found.append(Case(i, k, things[k].concept, new, patches, elsewhere, truth))
    return found


def _elsewhere(
    things: Sequence[Thing], n: int, grid: tuple[int, int], rng: np.random.Generator
) -> tuple[int, ...]:
    """The most compact free block of patches of a random place: n patches with nothing on them."""
    taken = {patch for thing in things for patch in thing.patches(grid)}
    free = [p for p in range(grid[0] * grid[1]) if p not in taken]
    if len(free) < n:
        return ()
    row, column = divmod(free[int(rng.integers(len(free)))], grid[1])
    near = sorted(free, key=lambda p: ((p // grid[1] - row) ** 2 + (p % grid[1] - column) ** 2, p))
    return tuple(sorted(near[:n]))
