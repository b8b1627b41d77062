"""Reads answers by the names of things: any wording, synonyms, plurals, words of two meanings."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from benchmark.judges.reading import Reading

ARTICLES = frozenset({"a", "an", "the", "some", "one", "two", "three", "another", "other"})
FILLERS = ARTICLES | frozenset(
    re.findall(
        r"\w+",
        """i see can in on of at is are was there here it its this that these those which image
        picture photo scene shows showing contains containing with has have also only just left
        right top bottom middle center centre upper lower corner side row cell ground background
        object objects thing things following list every all you below above beside next to by
        near sign symbol icon small big large""",
    )
)
NEGATIONS = frozenset({"no", "not", "without", "neither", "nor", "never"})
NOTHING = frozenset({"nothing", "none", "empty", "no object", "no objects"})
IRREGULAR = {
    "mouse": "mice",
    "ox": "oxen",
    "leaf": "leaves",
    "die": "dice",
    "man": "men",
    "foot": "feet",
}
LONGEST_ITEM, REPEATS = 5, 3
"""Words of an item that may be an unknown thing; times a thing is named before it is babble."""


@dataclass(frozen=True)
class NameJudge:
    """Reads the names of things off an answer: any wording, synonyms and plurals."""

    names: tuple[tuple[str, ...], ...]
    """Every way to call each thing; a name of several things may mean any of them."""
    descriptions: frozenset[str] = frozenset()
    """Words that say how or where things are (colours, grounds): no things of their own."""
    others: frozenset[str] = frozenset()
    """Phrases that hold a name and mean something else ("toy car"): no known thing."""

    def read(self, question: str, answer: str) -> Reading:
        """Items between commas, full stops and "and"; the longest known name wins.

        A thing that is denied ("no cat") is not mentioned. An item of a few words without a known
        name is an unknown thing; one in the words of another is repeated; babble (nothing known, or
        one thing over and over) is garbled.
        """
        del question
        text = " ".join(answer.lower().split())
        if not text:
            return Reading((), unread="empty")
        if text.strip(" .!") in NOTHING:
            return Reading(())
        aside = FILLERS | NEGATIONS | NOTHING | self.descriptions
        mentions: list[frozenset[int]] = []
        unknown: list[str] = []
        repeated: list[str] = []
        listed: set[str] = set()
        denied = False
        for item in re.split(r"[,.;:!?\n]|\b(?:and|or|but)\b", text):
            found = list(self._found(item.split()))
            mentions += [things for things, is_denied in found if not is_denied]
            denied |= any(is_denied for _, is_denied in found)
            left = [w for w in re.findall(r"[^\W\d_]+", item) if w not in aside]
            if not found and left:
                unknown.append(" ".join(left))
            bare = " ".join(word for word in item.split() if word not in ARTICLES)
            if bare in listed and any(not is_denied for _, is_denied in found):
                repeated.append(bare)
            listed.add(bare)
        if _babble(mentions, unknown) or not (mentions or denied or _says_nothing(text)):
            return Reading(tuple(mentions), tuple(unknown), tuple(repeated), unread="garbled")
        return Reading(tuple(mentions), tuple(unknown), tuple(repeated))

    def _found(self, words: Sequence[str]) -> Iterator[tuple[frozenset[int], bool]]:
        """Known names in an item, and whether each is denied there."""
        known, longest = self._known
        bare = [re.sub(r"[^\w-]", "", word) for word in words]
        i, denied = 0, False
        while i < len(bare):
            denied |= bare[i] in NEGATIONS
            for n in range(min(longest, len(bare) - i), 0, -1):
                things = known.get(" ".join(bare[i : i + n]))
                if things is not None:
                    if things:
                        yield things, denied
                    i += n
                    break
            else:
                i += 1

    @property
    def _known(self) -> tuple[Mapping[str, frozenset[int]], int]:
        return _index(self.names, self.others)


def _babble(mentions: Sequence[frozenset[int]], unknown: Sequence[str]) -> bool:
    """One thing named over and over, or more that is unknown than known."""
    most = max((mentions.count(each) for each in set(mentions)), default=0)
    long = any(len(item.split()) > LONGEST_ITEM for item in unknown)
    return most >= REPEATS or long or len(unknown) > max(len(mentions), 1)


def _says_nothing(text: str) -> bool:
    return any(re.search(rf"\b{word}\b", text) for word in NOTHING)


@lru_cache(maxsize=8)
def _index(
    names: tuple[tuple[str, ...], ...], others: frozenset[str]
) -> tuple[Mapping[str, frozenset[int]], int]:
    """Every name and its plural to the things that it may mean, and words in the longest name."""
    found: dict[str, set[int]] = {
        form: set() for phrase in others for form in (phrase, plural(phrase))
    }
    for i, own in enumerate(names):
        for name in own:
            for form in (name.lower(), plural(name.lower())):
                found.setdefault(form, set()).add(i)
    longest = max((len(form.split()) for form in found), default=1)
    return {form: frozenset(things) for form, things in found.items()}, longest


def plural(name: str) -> str:
    """The plural of a name: of its first noun in "pair of scissors", else of its last word."""
    head, of, rest = name.partition(" of ")
    first, _, last = head.rpartition(" ")
    if last in IRREGULAR:
        ending = IRREGULAR[last]
    elif re.search(r"(s|x|z|ch|sh)$", last):
        ending = f"{last}es"
    elif re.search(r"[^aeiou]y$", last):
        ending = f"{last[:-1]}ies"
    else:
        ending = f"{last}s"
    return f"{first} {ending}".strip() + of + rest
