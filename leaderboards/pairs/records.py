"""What is kept of two methods that were scored on the same units, and of a table of such pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from benchmark.reports.compare.places import Where

FULL, TRUNCATED = "full", "truncated"
Names = tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """a − b over the seeds that both have. Numbers are None where the two are not compared."""

    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Two-sided, not adjusted: which family it belongs to, its page decides."""
    n: int | None = None
    seeds: tuple[int, ...] = ()
    refused: str | None = None
    """Code of the reason, one of `benchmark.reports.compare.seeds.REASONS`."""

    def turned(self) -> Pair:
        """b − a."""
        if self.difference is None or self.low is None or self.high is None:
            return self
        return replace(self, difference=-self.difference, low=-self.high, high=-self.low)


@dataclass(frozen=True)
class Table:
    """All pairs of one main metric at one place, each once, its names in alphabetical order."""

    where: Where
    metric: str
    codes: str
    """FULL, or TRUNCATED to the budget's k strongest latents; then a method whose codes are never
    denser takes part as it is, and pairs of two such methods are in the other table alone."""
    unit: str
    higher_is_better: bool | None
    pairs: Mapping[Names, Pair]
    cells: Mapping[str, Mapping[int, str]] = field(default_factory=dict)
    """method → seed → start of the key of the cell that was compared."""

    @property
    def key(self) -> tuple[Where, str, str]:
        """What tells tables apart."""
        return (self.where, self.metric, self.codes)

    @property
    def methods(self) -> list[str]:
        """Every method of some pair."""
        return sorted({name for names in self.pairs for name in names})

    def of(self, a: str, b: str) -> Pair | None:
        """a − b, whichever way round it is kept; None where it is not known."""
        if a <= b:
            return self.pairs.get((a, b))
        found = self.pairs.get((b, a))
        return found.turned() if found else None
