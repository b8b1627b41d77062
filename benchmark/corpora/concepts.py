"""What is known of real pictures by name: the concepts, and every way to call those that are
things."""

from __future__ import annotations

import re
from dataclasses import dataclass

from benchmark.contracts import Need

DESCRIPTIONS = frozenset(
    re.findall(
        r"\w+",
        """red orange yellow green blue purple pink brown black white gray grey golden silver dark
        bright young old wooden metal empty full open closed standing sitting lying""",
    )
)
"""Words for how things look, which are no things of their own."""


@dataclass(frozen=True)
class Vocabulary:
    """Concepts of a data set, in the order of its labels."""

    names: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()
    thing_names: tuple[tuple[str, ...], ...] = ()
    """Every way to call each concept that is a thing; none for those that are not."""
    other_names: frozenset[str] = frozenset()
    """What holds the name of a thing and is none."""
    categories: tuple[int | None, ...] = ()
    """The concept that is the category of each, where it has one."""
    placed: bool = False
    """Whether it is known where things are, beyond that they are in the picture."""

    def provides(self) -> frozenset[Need]:
        """What tasks have of it."""
        found = {Need.PAIRS}
        found |= {Need.CONCEPTS} if self.names else set()
        found |= {Need.PLACES} if self.placed else set()
        return frozenset(found)


NOTHING = Vocabulary()
