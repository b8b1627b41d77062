"""What is wrong with a submission: one line a fault, each of ASCII that no terminal obeys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from benchmark.submissions.words import escaped

MOST_LINES = 200
"""Lines of each kind that are kept; the others are counted."""
LONGEST_LINE = 400


@dataclass
class Faults:
    """Faults make a submission invalid; warnings are for people to judge."""

    faults: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=lambda: {"faults": 0, "warnings": 0})
    """Lines that were not kept."""

    def add(self, line: str) -> None:
        """A fault."""
        self._put("faults", line)

    def warn(self, line: str) -> None:
        """A warning."""
        self._put("warnings", line)

    def _put(self, kind: str, line: str) -> None:
        kept: list[str] = getattr(self, kind)
        plain = escaped(" ".join(line[: 4 * LONGEST_LINE].split()), LONGEST_LINE)
        if plain in kept:
            return
        if len(kept) < MOST_LINES:
            kept.append(plain)
        else:
            self.more[kind] += 1

    @contextmanager
    def told(self, where: str) -> Iterator[None]:
        """What is raised as ValueError inside becomes a fault of this file."""
        try:
            yield
        except ValueError as error:
            self.add(f"{where}: {error}")

    @property
    def valid(self) -> bool:
        return not self.faults

    def lines(self, kind: str) -> list[str]:
        """Every line of a kind, and how many more there were."""
        kept: list[str] = list(getattr(self, kind))
        if self.more[kind]:
            kept.append(f"and {self.more[kind]:,} more {kind} like these")
        return kept
