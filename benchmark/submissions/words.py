"""Text that people read on a page: visible characters alone, composed, and no longer than said."""

from __future__ import annotations

import unicodedata

HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that are not seen or move others: controls, bidi marks, zero width,
surrogates, private use, unassigned, line and paragraph separators."""
BLANK = frozenset("\u115f\u1160\u2800\u3164\uffa0\u034f\u17b4\u17b5")
"""Letters and marks by category that print as nothing."""
MOST_MARKS = 2
"""Combining marks in a row: more pile up over the lines above."""


def visible(text: str) -> str:
    """The text itself. Raises ValueError, one line, naming the first character that may not be."""
    marks = 0
    for place, sign in enumerate(text):
        category = unicodedata.category(sign)
        if category in HIDDEN or sign in BLANK or _is_selector(sign):
            raise ValueError(
                f"character {place + 1} is U+{ord(sign):04X}, which is not visible: take it out"
            )
        marks = marks + 1 if category in ("Mn", "Me") else 0
        if marks > MOST_MARKS:
            raise ValueError(f"character {place + 1} is mark {marks} on one letter: take it out")
    if not unicodedata.is_normalized("NFC", text):
        raise ValueError("is not in composed form (Unicode NFC): type accented letters as one")
    if text != " ".join(text.split(" ")).strip():
        raise ValueError("begins or ends with a space: take it out")
    return text


def _is_selector(sign: str) -> bool:
    """Variation selectors and tags, which change other characters and are not seen."""
    return 0xFE00 <= ord(sign) <= 0xFE0F or 0xE0000 <= ord(sign) <= 0xE0FFF


def escaped(text: str, longest: int = 80) -> str:
    """Text of unknown origin as one line of ASCII that a terminal prints and does not obey."""
    shown = text if len(text) <= longest else f"{text[: longest - 3]}..."
    return shown if shown.isascii() and shown.isprintable() else ascii(shown)[1:-1]
