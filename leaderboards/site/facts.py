"""What every page may draw on: the board, and what the sources say of methods and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from benchmark.registry import catalogue
from benchmark.results import Cell
from benchmark.sources import Entry
from leaderboards import audits, metrics
from leaderboards.board.making import board
from leaderboards.board.sources import Source
from leaderboards.board.tables import Board
from leaderboards.metrics import TaskSays
from leaderboards.pairs import Table, merged, shipped
from leaderboards.site.links import Links, links_of


@dataclass(frozen=True)
class Facts:
    """Read once a build."""

    cells: Sequence[Cell]
    """Bundled reference cells; those of submissions are on the board alone."""
    board: Board
    methods: Mapping[str, Entry]
    """What the files in `methods/` declare, by name without a preset."""
    tasks: Mapping[str, Entry]
    said: Mapping[str, TaskSays]
    """Metrics and references of tasks in words."""
    audited: Sequence[Mapping[str, Any]]
    """Rows of `leaderboards.audits.stored()`."""
    submissions: Mapping[str, Source]
    """By slug."""
    links: Links
    pairs: Sequence[Table] = ()
    """Comparisons of reference rows, those whose cells are here."""

    @cached_property
    def presets(self) -> dict[str, tuple[Entry, str]]:
        """Entry and preset of every name that a method can be run by."""
        return {
            name: (entry, name[len(entry.name) + 1 :])
            for entry in self.methods.values()
            for name in entry.names
        }


def gather(sources: Sequence[Source]) -> Facts:
    """The facts of a build."""
    made = board(sources)
    cells = [cell for source in sources if source.record is None for cell in source.cells]
    return Facts(
        cells=cells,
        board=made,
        methods=catalogue("method"),
        tasks=catalogue("task"),
        said=metrics.stored(),
        audited=audits.stored(),
        submissions={source.slug: source for source in sources if source.record},
        links=links_of(made),
        pairs=merged(shipped(), [], cells),
    )
