"""What was raised, as one line: its kind and text, and where in the user's own file."""

from __future__ import annotations

import traceback
from pathlib import Path

LONGEST = 300
"""Characters of an error's text that are shown: some libraries add pages of their own frames."""


def one_line(error: BaseException) -> str:
    """The text of an error without line breaks, cut where it is long; its kind where it is mute."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def with_kind(error: BaseException) -> str:
    """`KeyError: 'x'`; the kind alone where the error says nothing."""
    kind, text = type(error).__name__, one_line(error)
    return kind if text == kind else f"{kind}: {text}"


def place(error: BaseException, *sources: Path) -> str:
    """` (line 12 of my_method.py)`: the last line of these files that the error came through.

    Empty where it came through none of them. Other files are not named: to the one who wrote a
    method, the line that called a library says more than the library's own.
    """
    files = {source.resolve() for source in sources}
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).resolve() in files:
            return f" (line {frame.lineno} of {Path(frame.filename).name})"
    return ""


def failure(error: BaseException, *sources: Path) -> str:
    """Why a cell has no score: a ValueError speaks for itself, any other says its kind too."""
    plain = isinstance(error, ValueError) and str(error)
    return (one_line(error) if plain else with_kind(error)) + place(error, *sources)
