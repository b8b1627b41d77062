"""Prompts: short texts about one class, from the names that it goes by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

TEMPLATES = (
    "{}",
    "a photo of {}",
    "a picture of {}",
    "an image with {}",
    "here is {}",
    "there is {}",
)


def prompts(names: Sequence[Sequence[str]]) -> list[tuple[str, ...]]:
    """Every template with every name of each class; none for a class without a name of its own.

    A name that two classes go by tells neither and is left out.
    """
    count = Counter(name for own in names for name in set(own))
    return [
        tuple(
            t.format(with_article(n))
            for n in dict.fromkeys(own)
            if count[n] == 1
            for t in TEMPLATES
        )
        for own in names
    ]


def with_article(name: str) -> str:
    """A name as a sentence has it, by its first letter."""
    return f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
