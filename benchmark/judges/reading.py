"""What a judge makes of an answer: the things that it mentions.

A judge may read by names, annotations, captions or with a language model: all meet this contract.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, Protocol

Why = Literal["", "empty", "garbled"]


@dataclass(frozen=True)
class Reading:
    """What one answer mentions."""

    mentions: tuple[frozenset[int], ...]
    """Each mention: the things that its name may mean, several where a word has two meanings."""
    unknown: tuple[str, ...] = ()
    """Items of a list that name nothing known: invented, whatever they are."""
    repeated: tuple[str, ...] = ()
    """Items of a list that were said before in the same words: there is one more of them."""
    open: bool = False
    """Whether what it does not know may well be in the picture: then it is invented only where the
    unedited answer says nothing of it."""
    unread: Why = ""
    """Why it could not be read; empty where it could."""
    said: str = field(default="", compare=False)
    """The answer itself."""

    @property
    def parsed(self) -> bool:
        """Whether it could be read."""
        return not self.unread

    def things(self, *expected: frozenset[int]) -> frozenset[int]:
        """The things that are mentioned.

        A word of two meanings means a thing that is mentioned anyway, else one of the first of
        these sets that it can mean, else the first in number.
        """
        found = {next(iter(each)) for each in self.mentions if len(each) == 1}
        for each in self.mentions:
            if len(each) > 1 and not each & found:
                meant = next((each & likely for likely in expected if each & likely), each)
                found.add(min(meant))
        return frozenset(found)


class Judge(Protocol):
    """Reads answers: from names, annotations, captions or a language model."""

    def read(self, question: str, answer: str) -> Reading:
        """What the answer to a question mentions, its things numbered as the judge's own."""
        ...
