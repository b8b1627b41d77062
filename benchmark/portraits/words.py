"""Captions in parts: which of a caption's letters each of its rows stands for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

Span = tuple[int, int]
WORD = re.compile(r"\S+")


def words(text: str) -> list[Span]:
    """Where the words of a text begin and end."""
    return [found.span() for found in WORD.finditer(text)]


def token_spans(backend: Any, text: str) -> list[Span] | None:
    """What each token of a caption stands for, of a backend whose rows are tokens.

    None where the backend does not tell: its tokenizer is then no business of ours.
    """
    chat = getattr(getattr(backend, "asker", None), "chat", None)
    if chat is None:
        return None
    joint = getattr(backend, "text_pass", "isolated") == "joint"
    frame = chat.pictured if joint else chat.plain
    prompt = chat.prompts([text], frame)[0]
    read = chat.tokenizer(
        [prompt],
        add_special_tokens=not chat.starts_itself(prompt),
        return_offsets_mapping=True,
    )
    first, last = len(frame.before), len(prompt) - len(frame.after)
    found = [(max(a, first), min(b, last)) for a, b in read["offset_mapping"][0]]
    before = len(text) - len(text.lstrip())
    return [(a - first + before, b - first + before) for a, b in found if b > a]


def parts(text: str, spans: Sequence[Span], strength: Sequence[int]) -> tuple[tuple[str, int], ...]:
    """The text cut so that each span has its strength, and what is between them none.

    Joined, the parts are the text; of spans that overlap the stronger one counts.
    """
    of = [0] * len(text)
    for (start, stop), share in zip(spans, strength, strict=True):
        for i in range(max(0, start), min(stop, len(text))):
            of[i] = max(of[i], share)
    found: list[tuple[str, int]] = []
    for letter, share in zip(text, of, strict=True):
        if found and found[-1][1] == share:
            found[-1] = (found[-1][0] + letter, share)
        else:
            found.append((letter, share))
    return tuple(found) or (("", 0),)
