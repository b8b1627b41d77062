"""What every page may draw on: the board, and what the sources say of methods and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmark.registry import catalogue
from benchmark.results import Cell
from benchmark.sources import Entry


@dataclass(frozen=True)
class Facts:
    """Read once a build."""

    cells: Sequence[Cell]
    """Bundled reference cells; those of submissions are on the board alone."""
    methods: Mapping[str, Entry]
    tasks: Mapping[str, Entry]

    @property
    def dates(self) -> tuple[str, str]:
        """Days of the oldest and the newest cell, empty where none says when it was made."""
        days = sorted(cell.created[:10] for cell in self.cells if cell.created)
        return (days[0], days[-1]) if days else ("", "")


def gather(cells: Sequence[Cell]) -> Facts:
    """The facts of a build."""
    return Facts(cells, catalogue("method"), catalogue("task"))
