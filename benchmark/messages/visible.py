"""Text of unknown origin, made safe to print: what is not seen cannot move the cursor."""

from __future__ import annotations


def visible(text: str, *, kept: str = "") -> str:
    """The text with U+FFFD for every character that prints as nothing, but for those kept."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in kept else "\N{REPLACEMENT CHARACTER}" for c in text)
