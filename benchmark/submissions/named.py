"""The method that a submission is of: a file, one of the library, or dictionaries alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmark.messages.nearest import hint
from benchmark.registry import FOLDERS, find
from benchmark.results import Cell


@dataclass(frozen=True)
class Named:
    """A method as cells call it, and what speaks for it."""

    name: str
    kind: Literal["file", "library", "imported"]
    summary: str = ""
    path: Path | None = None
    """Its source; none of dictionaries that were fitted elsewhere (`run --checkpoint`)."""
    digest: str | None = None
    """sha256 of its source as cells name it."""


def named_method(word: str, cells: Sequence[Cell], run: Path) -> Named:
    """What `--method` says, among the cells of a run. Raises ValueError, one line, for neither."""
    mine = [cell for cell in cells if cell.method.name == word]
    if any(is_imported(cell) for cell in mine):
        return Named(word, "imported")
    choice = find("method", word)
    if not any(cell.method.name == choice.name for cell in cells):
        there = sorted({cell.method.name for cell in cells})
        raise ValueError(f"{run} has no cells of {choice.name}: {hint(choice.name, there)}")
    entry = choice.entry
    ours = entry.path.parent == FOLDERS["method"]
    kind: Literal["file", "library"] = "library" if ours else "file"
    return Named(choice.name, kind, entry.summary, entry.path, entry.digest)


def is_imported(cell: Cell) -> bool:
    """Whether a cell is of a dictionary that was fitted elsewhere: it says which file it was."""
    said = {key.partition("/")[0] for key in cell.method.chosen}
    return {"format", "sha256"} <= said
