"""Libraries that only some models want: told at once, with the command that brings them."""

from __future__ import annotations

import re
from importlib.util import find_spec

PACKAGES = {"sentencepiece": "sentencepiece protobuf", "protobuf": "sentencepiece protobuf"}
"""What to install where a package is not called as the library, or needs another beside it."""
NAMED = re.compile(r"requires the (\w+) library|No module named '(\w+)'", re.IGNORECASE)


def need(library: str, asked: str, purpose: str) -> None:
    """Raises ValueError, one line, where a library that an option stands on is not installed."""
    if find_spec(library) is None:
        raise ValueError(
            f"{asked}: {purpose} wants {library}, which is not installed: pip install {library}"
        )


def lacking(error: BaseException | None) -> str:
    """`it wants sentencepiece, …` where what failed is a library that is not installed; else ""."""
    while error is not None:
        found = NAMED.search(str(error)) if isinstance(error, ImportError) else None
        if found is not None:
            library = (found.group(1) or found.group(2)).lower()
            package = PACKAGES.get(library, library)
            return f"it wants {library}, which is not installed: pip install {package}"
        error = error.__cause__ or error.__context__
    return ""
