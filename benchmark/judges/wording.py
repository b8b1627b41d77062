"""How an answer is worded: its variety, its repetition, how it compresses, the words that it says.

What is counted is a `Share`, part and whole. Over answers the score is the ratio of sums, so one
with nothing to count (0 of 0) weighs nothing, where the published code calls it perfect. How many
answers say nothing has to stand beside it: a judge counts them as not parsed.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

PUBLISHED_SHORT = 4
"""Fewer tokens than that are all distinct to the published code, whatever they are."""


@dataclass(frozen=True)
class Share:
    """So much of so much: the numerator and denominator of a unit of a score."""

    part: int
    whole: int

    @property
    def value(self) -> float | None:
        """part / whole; None where there is nothing to have a part of."""
        return self.part / self.whole if self.whole else None


def words(text: str) -> list[str]:
    """Words in lower case without marks; "T-shirt" and "cat's" are one each."""
    return re.findall(r"\w+(?:['’-]\w+)*", text.lower())


def distinct(text: str, n: int = 3, *, published: bool = False) -> Share:
    """Distinct n-grams of words, of all n-grams; after Li et al. 2016 (1510.03055).

    A text of fewer than n words has none, 0 of 0: it shows no variety and no lack of it. Words
    recur in long texts, so only answers of like length compare.

    As published (JSAE, 2606.25657), tokens are what blanks part ("cat" and "cat," differ), and a
    text of fewer than 4 is 1 of 1: an answer that was steered into silence is perfect.

    Raises ValueError where n is below 1.
    """
    if n < 1:
        raise ValueError(f"n-grams of n = {n} words, wanted 1 or more")
    tokens = text.split() if published else words(text)
    if published and len(tokens) < PUBLISHED_SHORT:
        return Share(1, 1)
    grams = [tuple(tokens[i : i + n]) for i in range(len(tokens) - n + 1)]
    return Share(len(set(grams)), len(grams))


def repeated(text: str, window: int = 16) -> Share:
    """Words that are among the `window` words before them, of all words.

    rep/ℓ of Welleck et al. 2020 (1908.04319), on words and within one text. It does not grow with
    length once a text is longer than the window, as 1 − distinct-1 does (which it is where the
    window holds the whole text). Good prose is not 0: articles recur; compare with the unedited
    answer. Raises ValueError where the window is below 1.
    """
    if window < 1:
        raise ValueError(f"a window of {window} words, wanted 1 or more")
    said = words(text)
    again = sum(word in said[max(i - window, 0) : i] for i, word in enumerate(said))
    return Share(again, len(said))


def compression(text: str) -> Share:
    """Bytes that zlib needs, of the bytes of the text in UTF-8: low where it repeats itself.

    zlib adds 8 bytes to any text and finds repeats only once something was said, so a short text
    comes out above 1 ("cat": 11 of 3), whatever it says: only answers of like length compare. A
    text of no bytes is 0 of 0. Another build of zlib may pack a byte or two otherwise.
    """
    raw = text.encode()
    return Share(len(zlib.compress(raw)) if raw else 0, len(raw))


def keyword_hit(text: str, keywords: Sequence[str], *, published: bool = False) -> bool:
    """Whether the text says any keyword as whole words, in any case: "cat" in "A cat.".

    Not in "cattle", "cats" (give both forms) or "cat-like"; blanks and hyphens within a keyword
    are one. "No cat" is a hit: who denies what is asked `NameJudge`. A word that the unedited
    answer says too is no effect of the edit: subtract that hit.

    As published (JSAE, 2606.25657), any substring is a hit: "cat" in "located".

    Raises ValueError without keywords and where one has no letter or digit.
    """
    if isinstance(keywords, str) or not keywords:
        raise ValueError(f"keywords are {keywords!r}, wanted a list of one or more")
    mute = [each for each in keywords if not words(each)]
    if mute:
        raise ValueError(f"keyword {mute[0]!r} has no letter or digit: take it out")
    if published:
        return any(each.lower() in text.lower() for each in keywords)
    return any(_whole(each).search(text) for each in keywords)


def _whole(keyword: str) -> re.Pattern[str]:
    """The keyword, nothing that continues its first or last word beside it."""
    inner = r"[\s-]+".join(re.escape(part) for part in re.split(r"[\s-]+", keyword) if part)
    return re.compile(rf"(?<!\w)(?<!\w-){inner}(?!\w)(?!-\w)", re.IGNORECASE)
