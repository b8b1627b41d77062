"""One scene of the pocket world: drawn from a seed, rendered, edited, and known in every detail."""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from jaxtyping import UInt8

from benchmark.worlds.backgrounds import CANVAS, SCENE_PX, ground, stands_out
from benchmark.worlds.captions import Caption, captions
from benchmark.worlds.claims import GRID, MAX_OBJECTS, N_CELLS, Slot
from benchmark.worlds.drafts import pick
from benchmark.worlds.glyphs import ANGLES, SIZES, mask, n_variants
from benchmark.worlds.palette import BACKGROUNDS, COLOURS, held_out
from benchmark.worlds.pictograms import OBJECTS

CELL_PX = SCENE_PX // GRID
EMPTY_SHARE = 0.1
TINT = 12
"""A colour varies by up to this many levels in each channel."""
LIGHT = 8
BUCKETS = {"train": (0.0, 0.7), "val": (0.7, 0.8), "test": (0.8, 1.0)}
"""Each split owns a share of all possible scene contents, whatever the seed: they never meet."""


def stream(*key: object) -> random.Random:
    """Randomness of its own for every key, the same in every process."""
    text = "\x1f".join(str(part) for part in key)
    return random.Random(hashlib.blake2b(text.encode(), digest_size=16).hexdigest())


@dataclass(frozen=True)
class Placed:
    """One drawn object. `u` and `v` say where in the free room of its cell it stands, 0-1."""

    object: int
    colour: int
    cell: int
    variant: int
    size: int
    angle: int
    u: float
    v: float
    tint: tuple[int, int, int]

    def box(self) -> tuple[int, int, int, int]:
        """Left, top, right, bottom in pixels, the last two excluded; always inside its cell."""
        height, width, _ = mask(self.object, self.variant, self.size, self.angle).shape
        left = self.cell % GRID * CELL_PX + round(self.u * (CELL_PX - width))
        top = self.cell // GRID * CELL_PX + round(self.v * (CELL_PX - height))
        return left, top, left + width, top + height

    def patches(self, grid: int) -> tuple[int, ...]:
        """Patches of a grid x grid image that its cell covers, row by row.

        Raises ValueError for a grid that does not divide into cells.
        """
        if grid % GRID:
            raise ValueError(f"a grid of {grid} patches a side, wanted a multiple of {GRID}")
        side = grid // GRID
        rows, columns = self.cell // GRID * side, self.cell % GRID * side
        return tuple((rows + r) * grid + columns + c for r in range(side) for c in range(side))


@dataclass(frozen=True)
class Scene:
    """All that determines a picture and its captions; frozen, rendered on demand."""

    key: str
    background: int
    offset: tuple[int, int]
    mirrored: bool
    light: int
    objects: tuple[Placed, ...]

    @property
    def slots(self) -> tuple[Slot, ...]:
        """(object, colour, cell) of every object."""
        return tuple((item.object, item.colour, item.cell) for item in self.objects)

    def render(self) -> UInt8[np.ndarray, "96 96 3"]:
        """The picture, RGB."""
        x, y = self.offset
        picture = ground(self.background, x, y, self.mirrored, self.light)
        for item in self.objects:
            coverage = mask(item.object, item.variant, item.size, item.angle)
            left, top, right, bottom = item.box()
            colour = np.clip(np.add(COLOURS[item.colour].rgb, item.tint), 0, 255)
            window = picture[top:bottom, left:right]
            window[:] = (window + coverage * (colour - window) + 0.5).astype(np.uint8)
        return picture

    def captions(self) -> tuple[Caption, ...]:
        """Five true captions, one of them full."""
        return captions(stream("captions", self.key), self.slots, self.background)

    def without(self, index: int) -> Scene:
        """The same scene but for one object: every pixel outside its box stays.

        Raises IndexError for an object that is not there.
        """
        self.objects[index]
        kept = self.objects[:index] + self.objects[index + 1 :]
        return replace(self, objects=kept)

    def replaced(self, index: int, new: int, colour: int | None = None) -> Scene:
        """The same scene with another object in this one's place, size and angle.

        Raises ValueError if the new object is in the scene already or its colour would not show.
        """
        old = self.objects[index]
        colour = old.colour if colour is None else colour
        if new in {item.object for i, item in enumerate(self.objects) if i != index}:
            raise ValueError(f"{OBJECTS[new].name} is in the scene already, wanted another object")
        if not stands_out()[self.background, colour]:
            name, on = COLOURS[colour].name, BACKGROUNDS[self.background].name
            raise ValueError(f"{name} does not show on {on}, wanted a colour that stands out")
        item = replace(old, object=new, colour=colour)
        return replace(self, objects=(*self.objects[:index], item, *self.objects[index + 1 :]))

    def added(self, cell: int, new: int) -> Scene:
        """The same scene with one more object in an empty cell, in a colour that train shows it in.

        The colour is one that leaves the scene's contents to its own split, where there is one.
        Raises ValueError if the object is in the scene already or the cell is taken.
        """
        if new in {item.object for item in self.objects}:
            raise ValueError(f"{OBJECTS[new].name} is in the scene already, wanted another object")
        if cell in {item.cell for item in self.objects}:
            raise ValueError(f"cell {cell} of the scene is taken, wanted an empty one")
        rng = stream("added", self.key, cell, new)
        palette = _palette(self.background, False)[new]
        own = [c for c in palette if self._belongs((new, c, cell))]
        more = (*self.objects, _placed(rng, (new, pick(rng, own or palette), cell)))
        return replace(self, objects=tuple(sorted(more, key=lambda item: item.cell)))

    def _belongs(self, more: Slot) -> bool:
        slots = tuple(sorted((*self.slots, more), key=lambda slot: slot[2]))
        return belongs(slots, self.background, self.key.split("/")[1])

    def has_held_out(self) -> bool:
        """Whether an (object, colour) pair is in it that train and val never show."""
        return any(held_out(item.object, item.colour) for item in self.objects)


@lru_cache(maxsize=2 * len(BACKGROUNDS))
def _palette(background: int, everything: bool) -> tuple[tuple[int, ...], ...]:
    """Colours that each object may take on a ground, with or without the held-out pairs."""
    shown = stands_out()[background].nonzero()[0].tolist()
    return tuple(
        tuple(c for c in shown if everything or not held_out(obj, c)) for obj in range(len(OBJECTS))
    )


def _content(rng: random.Random, background: int, n_objects: int, split: str) -> tuple[Slot, ...]:
    """Different objects in different cells, each in a colour that its ground lets stand out."""
    objects, cells = list(range(len(OBJECTS))), list(range(N_CELLS))
    palette = _palette(background, split == "test")
    slots = []
    for _ in range(n_objects):
        obj = objects.pop(int(rng.random() * len(objects)))
        cell = cells.pop(int(rng.random() * len(cells)))
        slots.append((obj, pick(rng, palette[obj]), cell))
    return tuple(sorted(slots, key=lambda slot: slot[2]))


def belongs(slots: tuple[Slot, ...], background: int, split: str) -> bool:
    """Whether this content is the split's; an empty scene belongs to all."""
    digest = hashlib.blake2b(repr((background, slots)).encode(), digest_size=8).digest()
    low, high = BUCKETS[split]
    return not slots or low <= int.from_bytes(digest, "big") / 2**64 < high


def sample(seed: int, split: str, index: int, n_objects: int | None = None) -> Scene:
    """Scene `index` of an endless split, from (seed, split, index) alone.

    `n_objects` (0-3) asks for so many objects instead of drawing their number. Raises ValueError
    for a split or a number that there is not.
    """
    if split not in BUCKETS or n_objects not in (None, *range(MAX_OBJECTS + 1)):
        raise ValueError(
            f"found split {split} with {n_objects} objects, wanted {', '.join(BUCKETS)} and 0-3"
        )
    key = f"{seed}/{split}/{index}"
    rng = stream("scene", key)
    background = int(rng.random() * len(BACKGROUNDS))
    filled = 1 + int(rng.random() * MAX_OBJECTS)
    count = (0 if rng.random() < EMPTY_SHARE else filled) if n_objects is None else n_objects
    slots = _content(rng, background, count, split)
    while not belongs(slots, background, split):
        slots = _content(rng, background, count, split)
    return drawn(rng, key, background, slots)


def shown_in(colour: int) -> list[int]:
    """Objects that train shows in a colour."""
    return [obj for obj in range(len(OBJECTS)) if not held_out(obj, colour)]


def drawn(rng: random.Random, key: str, background: int, slots: tuple[Slot, ...]) -> Scene:
    """A picture of given contents; everything that contents leave open is drawn."""
    offset, mirrored, light = _cut(rng)
    return Scene(key, background, offset, mirrored, light, tuple(_placed(rng, s) for s in slots))


def _cut(rng: random.Random) -> tuple[tuple[int, int], bool, int]:
    """Which piece of the ground a picture shows, and in what light."""
    offset = (int(rng.random() * (CANVAS - SCENE_PX)), int(rng.random() * (CANVAS - SCENE_PX)))
    return offset, rng.random() < 0.5, int((2 * rng.random() - 1) * LIGHT)


def _placed(rng: random.Random, slot: Slot) -> Placed:
    obj, colour, cell = slot
    tints = [int((2 * rng.random() - 1) * TINT) for _ in range(3)]
    return Placed(
        obj,
        colour,
        cell,
        int(rng.random() * n_variants(obj)),
        pick(rng, SIZES),
        pick(rng, ANGLES),
        rng.random(),
        rng.random(),
        (tints[0], tints[1], tints[2]),
    )
