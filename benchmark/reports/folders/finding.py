"""Which folders hold results: those with `cells/`, under the ones that are looked at."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

CELLS = "cells"
INSIDE = frozenset({CELLS, "fits", "exhibits", "answers", "portraits"})
"""Folders of a run, in which no other run is."""
DEEPEST = 6
"""Levels that are looked at."""


def results_folders(root: Path) -> list[Path]:
    """Every results folder at or under a folder, by name; links are not followed."""
    return sorted(_found(root, 0))


def _found(folder: Path, depth: int) -> Iterator[Path]:
    names = list(_folders(folder))
    if CELLS in names:
        yield folder
    if depth < DEEPEST:
        for name in names:
            if name not in INSIDE and not name.startswith("."):
                yield from _found(folder / name, depth + 1)


def _folders(folder: Path) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (each.name for each in entries if each.is_dir(follow_symlinks=False))
    except OSError:
        return


def size_of(folder: Path, without: frozenset[Path]) -> int:
    """Bytes of all files in a folder but those of other results folders inside of it."""
    total = 0
    for at, folders, files in os.walk(folder):
        folders[:] = [name for name in folders if Path(at, name) not in without]
        for name in files:
            try:
                total += os.lstat(os.path.join(at, name)).st_size
            except OSError:
                continue
    return total
