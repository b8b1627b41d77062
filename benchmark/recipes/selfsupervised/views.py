"""Pictures that share single things: the only teacher of the self-supervised tower.

Pictures come in groups of one ground, with three objects each, in the same three cells and colours.
Every object of a group is drawn twice, in another variant, size, angle and place of its cell, each
time in the company of others. So what two drawings have in common is the object, and among the
pictures of a group nothing but its shape tells which two belong together: colour, ground and cell
alone would tell pictures apart that are drawn freely, and shape would never be learned.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int, UInt8

from benchmark.worlds.claims import N_CELLS, Slot
from benchmark.worlds.drafts import pick
from benchmark.worlds.scene import Scene, belongs, drawn, sample, shown_in, stream

GRID, PER_CELL = 6, 4
SHARED = 3
"""Objects of a picture; each has a partner of its own in the second pictures."""
GROUND_PATCHES = 2
TRIES = 100
GROUP = 16
"""Pictures that differ in nothing but their objects."""


@dataclass(frozen=True)
class Views:
    """Two sets of pictures, and where each thing of the first is in the second.

    In both, the things of picture i are at `patches[i]`: four patches of each shared object, then
    some of a cell that is empty in the whole group.
    """

    first: UInt8[np.ndarray, "b 96 96 3"]
    second: UInt8[np.ndarray, "b 96 96 3"]
    patches: Int[np.ndarray, "b s"]
    partner: Int[np.ndarray, "b s"]
    """The second picture that shows the same thing at the same patch."""
    group: Int[np.ndarray, " b"]


@dataclass(frozen=True)
class Group:
    """Scenes of one group; object s of `first[i]` is object s of `second[partner[i][s]]`."""

    first: tuple[Scene, ...]
    second: tuple[Scene, ...]
    partner: tuple[tuple[int, ...], ...]
    patches: tuple[int, ...]


def group(seed: int, index: int, n: int = GROUP) -> Group:
    """n pictures and n second ones, from (seed, index) alone; their contents are all of train."""
    like = sample(seed, "train", index, n_objects=SHARED)
    rng = stream("views", seed, index)
    one: list[tuple[int, ...]] = []
    two: list[tuple[int, ...]] = []
    while not (one and two):
        columns = [_some(rng, shown_in(colour), n) for _, colour, _ in like.slots]
        one, two = (_arranged(rng, columns, like) for _ in "ab")
    place = [{row[s]: j for j, row in enumerate(two)} for s in range(SHARED)]
    partner = tuple(tuple(place[s][row[s]] for s in range(SHARED)) for row in one)
    empty = pick(rng, sorted(set(range(N_CELLS)) - {cell for _, _, cell in like.slots}))
    patches = [patch for item in like.objects for patch in item.patches(GRID)]
    patches += _some(rng, _patches(empty), GROUND_PATCHES)
    first, second = (
        tuple(drawn(rng, like.key, like.background, _slots(row, like)) for row in rows)
        for rows in (one, two)
    )
    return Group(first, second, partner, tuple(patches))


def _some(rng: random.Random, pool: list[int], n: int) -> list[int]:
    """n of a pool in random order, all different."""
    keyed = sorted((rng.random(), each) for each in pool)
    return [each for _, each in keyed[:n]]


def _arranged(rng: random.Random, columns: list[list[int]], like: Scene) -> list[tuple[int, ...]]:
    """Every object of each column once, in rows that are contents of train; none where few objects
    allow no such rows."""
    for _ in range(TRIES):
        left = [_some(rng, column, len(column)) for column in columns]
        rows: list[tuple[int, ...]] = []
        while left[0]:
            first = left[0].pop()
            fits = (
                (first, b, c)
                for b in left[1]
                for c in left[2]
                if len({first, b, c}) == SHARED
                and belongs(_slots((first, b, c), like), like.background, "train")
            )
            row = next(fits, None)
            if row is None:
                break
            rows.append(row)
            left[1].remove(row[1])
            left[2].remove(row[2])
        else:
            return rows
    return []


def _slots(objects: tuple[int, ...], like: Scene) -> tuple[Slot, ...]:
    """These objects in the colours and cells of a scene."""
    return tuple((o, *slot[1:]) for o, slot in zip(objects, like.slots, strict=True))


def _patches(cell: int) -> list[int]:
    """Patches of a cell."""
    side = GRID // 3
    rows, columns = cell // 3 * side, cell % 3 * side
    return [(rows + r) * GRID + columns + c for r in range(side) for c in range(side)]


def views(seed: int, first: int, n: int) -> Views:
    """n pictures and n second ones, rendered, in groups; the last may be smaller."""
    starts = range(0, n, GROUP)
    found = [group(seed, first + start, min(GROUP, n - start)) for start in starts]
    partner = [
        [
            start + row[min(s // PER_CELL, SHARED - 1)] if s < SHARED * PER_CELL else start + i
            for s in range(len(each.patches))
        ]
        for start, each in zip(starts, found, strict=True)
        for i, row in enumerate(each.partner)
    ]
    return Views(
        np.stack([scene.render() for each in found for scene in each.first]),
        np.stack([scene.render() for each in found for scene in each.second]),
        np.array([each.patches for each in found for _ in each.first]),
        np.array(partner),
        np.arange(n) // GROUP,
    )
