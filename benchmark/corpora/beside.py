"""Pictures that lie beside the file that is about them."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def root_of(file: Path, name: str, places: Iterable[str]) -> Path:
    """The folder that pictures are named from: the first of some places that has this one.

    Raises ValueError, one line, where none has.
    """
    for place in places:
        if (file.parent / place / name).is_file():
            return (file.parent / place).resolve()
    raise ValueError(
        f"{name}, the first picture of {file.name}, is not under {file.parent}: wanted the folders "
        f"of pictures beside it"
    )
