"""What the runs of an experiment gave: means over seeds, and paired differences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from benchmark.reports.compare import Compared, compare
from benchmark.reports.compare.rows import standard_error
from benchmark.results import Cell, Score, read_cells
from benchmark.statistics import over_seeds


@dataclass(frozen=True)
class Estimate:
    """A number in its 95 % interval; over seeds and items where there are seeds."""

    value: float
    low: float | None = None
    high: float | None = None

    def __str__(self) -> str:
        if self.low is None or self.high is None:
            return f"{self.value:.3f}"
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Found:
    """Folders of cells by the label of their run."""

    folders: Mapping[str, Path]
    compared: dict[tuple[str, str, str], tuple[Compared, ...]] = field(default_factory=dict)

    @cached_property
    def cells(self) -> dict[str, list[Cell]]:
        """Scored cells of each run."""
        return {
            label: [cell for cell in read_cells(folder)[0] if cell.status == "scored"]
            for label, folder in self.folders.items()
        }

    def mean(
        self, label: str, method: str, metric: str, *, site: str | None = None, variant: str = ""
    ) -> Estimate:
        """A metric of a method, in the first variant where none is named.

        Raises KeyError, one line, where no cell has it.
        """
        scores = [
            score
            for cell in self.cells[label]
            if cell.method.name == method
            and site in (None, cell.site)
            and variant in ("", cell.variant)
            for score in cell.scores
            if score.name == metric and score.variant == "full"
        ]
        if not scores:
            raise KeyError(f"{label}: no {metric} of {method}")
        return estimate(scores)

    def difference(
        self, label: str, a: str, b: str, metric: str, *, site: str | None = None, variant: str = ""
    ) -> Estimate:
        """a − b, paired on the same units and seeds. Raises KeyError where they cannot be."""
        rows = [
            row
            for row in self._compared(label, a, b)
            if row.metric == metric
            and row.variant == "full"
            and site in (None, row.where.site)
            and variant in ("", row.where.variant)
        ]
        row = rows[0] if rows else None
        if row is None or row.refused:
            why = row.refused if row else f"no {metric} of both"
            raise KeyError(f"{label}: {a} against {b}: {why}")
        return Estimate(row.difference, row.low, row.high)

    def _compared(self, label: str, a: str, b: str) -> tuple[Compared, ...]:
        """Every row of two methods; read once, however many claims are about them."""
        if (label, a, b) not in self.compared:
            self.compared[label, a, b] = compare(self.folders[label], a, b).rows
        return self.compared[label, a, b]


def estimate(scores: list[Score]) -> Estimate:
    """The mean over seeds; of one seed its own interval, over items alone."""
    if len(scores) == 1:
        return Estimate(scores[0].value, scores[0].ci_low, scores[0].ci_high)
    found = over_seeds([s.value for s in scores], [standard_error(s) for s in scores])
    return Estimate(found.value, found.low, found.high)
