"""Classes that a picture is sorted into, and the pictures that show exactly one of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Int

from benchmark.contracts import Annotated, NotApplicableError, Subject, thing_concepts


@dataclass(frozen=True, eq=False)
class Sorted:
    """Pictures of which it is known which one class they show."""

    classes: tuple[int, ...]
    """The concept that each class is."""
    picture: Int[np.ndarray, " n"]
    label: Int[np.ndarray, " n"]
    """The place among the classes of what each picture shows."""


def things_of(subject: Subject) -> tuple[int, ...]:
    """The concepts that are things: by the pictures' own word, else the first kind of concept."""
    examples = subject.examples.get("test")
    if isinstance(examples, Annotated):
        return tuple(thing_concepts(examples))
    concepts = subject.test.concepts
    if concepts is None or not concepts.kinds:
        return ()
    return tuple(c for c, kind in enumerate(concepts.kinds) if kind == concepts.kinds[0])


def sorted_pictures(
    present: Bool[np.ndarray, "n c"], things: Sequence[int], classes: Sequence[int]
) -> Sorted:
    """The pictures that show exactly one of the things, where that one is a class.

    Raises NotApplicableError for fewer than two classes, and where no picture is of any.
    """
    if len(classes) < 2:
        raise NotApplicableError(
            f"{len(classes)} of {len(things)} things can be told in text alone: wanted two classes "
            f"or more to choose between"
        )
    alone = present[:, things].sum(1) == 1
    known = present[:, classes]
    picture = np.flatnonzero(alone & known.any(1))
    if not len(picture):
        raise NotApplicableError(
            f"none of {len(present)} pictures shows exactly one of {len(things)} things that is "
            f"one of {len(classes)} classes"
        )
    return Sorted(tuple(classes), picture, known[picture].argmax(1))
