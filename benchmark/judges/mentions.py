"""Mentions of things in answers about photographs, held against what is annotated: CHAIR.

    CHAIR_i = mentions of things that are not there / mentions
    CHAIR_s = answers with such a mention / answers

Rohrbach et al. 2018 (1809.02156), beside the recall of what is there. Only things that have names
can be mentioned: a photograph shows more than is annotated, and what no class is about is neither
right nor wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from benchmark.judges.names import FILLERS, NEGATIONS, REPEATS, NameJudge
from benchmark.judges.reading import Judge, Reading
from benchmark.judges.wording import Share

BEFORE_A_COLOUR = frozenset({"is", "are", "was", "were", "in", "light", "dark", "bright"})


@dataclass(frozen=True)
class OpenJudge:
    """Reads names off answers about photographs, where more may be seen than has a name.

    Unlike `NameJudge` alone it takes "wine-glass" for "wine glass" and "an orange cat" for a cat
    only, and items without a known name do not make an answer garbled: empty answers and items
    said three times over do.
    """

    inner: NameJudge

    def read(self, question: str, answer: str) -> Reading:
        """What `NameJudge` reads, with `open` set."""
        found = self.inner.read(question, self._plain(answer))
        if found.unread == "empty":
            return replace(found, open=True)
        again = max((found.repeated.count(item) for item in found.repeated), default=0)
        said = bool(found.mentions or found.unknown) or not found.unread
        return replace(
            found, open=True, unread="garbled" if again >= REPEATS - 1 or not said else ""
        )

    def _plain(self, answer: str) -> str:
        """The answer without hyphens, and without names that say how another thing looks."""
        words = answer.replace("-", " ").split()
        looks = {name for own in self.inner.names for name in own} & self.inner.descriptions
        kept = (w for i, w in enumerate(words) if w.lower() not in looks or _is_thing(words, i))
        return " ".join(kept) if looks else " ".join(words)


def _is_thing(words: Sequence[str], i: int) -> bool:
    """Whether a word that may be a colour is a thing: no noun follows, no "is" goes before."""
    before = words[i - 1].lower() if i else ""
    after = words[i + 1].lower() if i + 1 < len(words) else ""
    bare = re.sub(r"\W", "", after)
    follows = bare not in ("", "and", "or", "but") and bare not in FILLERS | NEGATIONS
    return not follows and before not in BEFORE_A_COLOUR


def judge_of(
    names: Sequence[Sequence[str]],
    descriptions: frozenset[str] = frozenset(),
    others: frozenset[str] | None = None,
) -> Judge:
    """The judge of a vocabulary: an open one where it says which phrases are no things of it."""
    bare = NameJudge(tuple(map(tuple, names)), descriptions, others or frozenset())
    return bare if others is None else OpenJudge(bare)


@dataclass(frozen=True)
class Mentioned:
    """The mentions of one answer, and what is there."""

    things: tuple[int, ...]
    """The thing of each mention, one after the other."""
    truth: frozenset[int]

    @property
    def hallucinated(self) -> Share:
        """Mentions of things that are not there, of all mentions (CHAIR_i)."""
        return Share(sum(thing not in self.truth for thing in self.things), len(self.things))

    @property
    def hallucinates(self) -> Share:
        """Whether there is such a mention: one answer of one (CHAIR_s)."""
        return Share(int(self.hallucinated.part > 0), 1)

    @property
    def recalled(self) -> Share:
        """Things there that are mentioned, of all things there."""
        return Share(len(self.truth & set(self.things)), len(self.truth))

    def shares(self) -> Mapping[str, Share]:
        """All three, by name."""
        return {
            "chair_i": self.hallucinated,
            "chair_s": self.hallucinates,
            "recall": self.recalled,
        }


def mentioned(reading: Reading, truth: frozenset[int]) -> Mentioned:
    """Every mention as the thing that it means; a word of two meanings means what is there."""
    return Mentioned(tuple(_meant(reading, truth)), truth)


def _meant(reading: Reading, truth: frozenset[int]) -> Iterator[int]:
    sure = reading.things(truth)
    for each in reading.mentions:
        yield min(each & truth or each & sure or each)
