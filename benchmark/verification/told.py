"""What was found against a submission: a line each, however many cells it is about."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from benchmark.reports.names import short
from benchmark.results import Cell
from benchmark.submissions.words import escaped

MOST_LINES = 100
LONGEST = 400


def cell_name(cell: Cell) -> str:
    """A cell as a line names it."""
    paper = ", paper" if cell.variant == "paper" else ""
    return f"{cell.task.name} on {short(cell.backend.name)}, {cell.site}{paper}, seed {cell.seed}"


@dataclass
class Against:
    """Reasons not to verify, and notes for people; the same of several cells is said once."""

    by_line: dict[str, list[Cell]] = field(default_factory=dict)
    plain: list[str] = field(default_factory=list)
    noted: list[str] = field(default_factory=list)

    def cell(self, cell: Cell, lines: Iterable[str]) -> None:
        """Reasons that one cell gives: the first of them, and how many more."""
        first, *others = [*lines] or [""]
        if first:
            more = f" (and {len(others)} more of this cell)" if others else ""
            self.by_line.setdefault(first + more, []).append(cell)

    def add(self, line: str) -> None:
        """A reason that is of no cell alone."""
        if line not in self.plain:
            self.plain.append(line)

    def note(self, line: str) -> None:
        """Something to know, and no reason."""
        if line not in self.noted:
            self.noted.append(line)

    @property
    def any(self) -> bool:
        return self.size > 0

    @property
    def size(self) -> int:
        """Reasons, one a cell."""
        return len(self.plain) + sum(len(cells) for cells in self.by_line.values())

    @property
    def reasons(self) -> tuple[str, ...]:
        """Every reason as plain text; beyond a hundred they are counted."""
        lines = list(self.plain)
        for line, cells in self.by_line.items():
            more = f" and {len(cells) - 1} more cells" if len(cells) > 1 else ""
            lines.append(f"{cell_name(cells[0])}{more}: {line}")
        return kept(lines, "reasons")

    @property
    def notes(self) -> tuple[str, ...]:
        return kept(self.noted, "notes")


def kept(lines: list[str], kind: str) -> tuple[str, ...]:
    """Lines that a terminal prints and does not obey, and how many there were beyond the last."""
    shown = [escaped(" ".join(line.split()), LONGEST) for line in lines[:MOST_LINES]]
    if len(lines) > MOST_LINES:
        shown.append(f"and {len(lines) - MOST_LINES} more {kind}")
    return tuple(shown)
