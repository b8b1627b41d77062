"""Where things are in pictures, and pictures that can be changed and drawn again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

Box = tuple[float, float, float, float]
"""Left, top, right and bottom as shares of width and height."""


@dataclass(frozen=True)
class Thing:
    """One thing in a picture."""

    concept: int
    """Which it is, as the examples' concepts are numbered."""
    box: Box
    """Left, top, right and bottom of the room that is its own, as shares of width and height."""

    def patches(self, grid: tuple[int, int]) -> tuple[int, ...]:
        """Patches of a grid (rows, columns) whose middle lies in its room, row by row."""
        rows, columns = grid
        left, top, right, bottom = self.box
        return tuple(
            r * columns + c
            for r in range(rows)
            for c in range(columns)
            if top <= (r + 0.5) / rows < bottom and left <= (c + 0.5) / columns < right
        )


def thing_concepts(examples: Annotated) -> list[int]:
    """The concepts that are things."""
    return [concept for concept, names in enumerate(examples.thing_names) if names]


@runtime_checkable
class Annotated(Protocol):
    """What Need.PLACES stands for: pictures, drawn or taken, of which the things are known."""

    @property
    def thing_names(self) -> Sequence[Sequence[str]]:
        """Every way to call each concept that is a thing; none for those that are not."""
        ...

    @property
    def descriptions(self) -> frozenset[str]:
        """Words for how things look and where they are: no things of their own."""
        ...

    @property
    def list_question(self) -> str:
        """What asks for all things in a picture."""
        ...

    def things(self, i: int) -> Sequence[Thing]:
        """The things in picture i, in reading order."""
        ...

    def replacements(self, i: int, thing: int) -> Sequence[int]:
        """Concepts that may stand in the place of one of its things, so that the picture is one
        that this split could have shown: none of them is in the picture."""
        ...


@runtime_checkable
class OpenWorld(Annotated, Protocol):
    """Photographs: more is in them than has a name, and names occur in those of other things."""

    @property
    def other_names(self) -> frozenset[str]:
        """Phrases that hold the name of a thing and mean another ("toy car"); there may be none."""
        ...


@runtime_checkable
class Editable(Annotated, Protocol):
    """What Need.EDITS stands for: things that can be taken out of a picture, or exchanged."""

    def without(self, i: int, thing: int) -> Any:
        """Picture i drawn again without one of its things, all else as it was."""
        ...

    def replaced(self, i: int, thing: int, concept: int) -> Any:
        """Picture i drawn again with another thing in the place of one.

        Raises ValueError where that cannot be drawn.
        """
        ...


@runtime_checkable
class Steerable(Editable, Protocol):
    """Examples whose concepts can be asked about one by one, and things put where nothing is."""

    @property
    def yes_no(self) -> tuple[str, str]:
        """The words that answer a question about one concept."""
        ...

    def members(self, concept: int) -> Sequence[int]:
        """The things that count as a concept: itself, or all of a category; none of a colour."""
        ...

    def names(self, concept: int) -> Sequence[str]:
        """Every way to call a concept that has members, the usual one first."""
        ...

    def question(self, concept: int) -> str:
        """What asks whether a picture has a concept."""
        ...

    def statement(self, concept: int, *, present: bool) -> str:
        """A sentence that says that a picture has a concept, or that it has not."""
        ...

    def rooms(self, i: int) -> Sequence[Box]:
        """Where nothing is in picture i and a thing could be."""
        ...

    def added(self, i: int, room: int, concept: int) -> Any:
        """Picture i drawn again with one more thing, in one of its empty rooms.

        Raises ValueError for a thing that is in the picture already.
        """
        ...
