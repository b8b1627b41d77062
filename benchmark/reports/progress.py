"""A run in lines for people: one a cell as soon as it is there, and one for all at the end."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from benchmark.reports.names import short
from benchmark.results import Cell

KEPT = "kept"
"""Said of what an earlier run scored and this one only shows."""


@dataclass
class Tally:
    """Tells cells one by one and counts them; a fit's time is told once, with its first cell."""

    counts: Counter[str] = field(default_factory=Counter)
    told: set[tuple[object, ...]] = field(default_factory=set)

    def line(self, cell: Cell, *, kept: bool) -> str:
        """One cell as one line: where, what, how it went."""
        kept = kept and cell.status == "scored"
        self.counts[KEPT if kept else cell.status] += 1
        paper = ["paper"] if cell.variant == "paper" else []
        parts = [short(cell.backend.name), cell.method.name, *paper, f"seed {cell.seed}"]
        place = " · ".join([*parts, cell.task.name])
        if cell.status != "scored":
            return f"{place}: {words(cell.status)}, {cell.reason}"
        mains = [f"{s.name} {s.value:.3f}" for s in cell.scores if s.main and s.variant == "full"]
        return f"{place}: {', '.join(mains)} ({KEPT if kept else self._times(cell)})"

    def _times(self, cell: Cell) -> str:
        seconds = sum(cell.timing.get(phase, 0.0) for phase in ("activations", "score"))
        fit = (cell.backend.name, cell.method.name, cell.variant, cell.seed)
        again = fit in self.told
        self.told.add(fit)
        return f"{seconds:.0f} s" if again else f"{seconds:.0f} s, fit {cell.timing['fit']:.0f} s"

    def summary(self) -> str:
        """`3 scored, 5 kept`, then what has no score, if anything."""
        order = ["scored", KEPT, "not_applicable", "skipped", "oom", "failed"]
        always = ("scored", KEPT)
        shown = [name for name in order if self.counts[name] or name in always]
        return ", ".join(f"{self.counts[name]} {words(name)}" for name in shown)


def words(status: str) -> str:
    """A status as it is said."""
    return {"not_applicable": "not applicable", "oom": "out of memory"}.get(status, status)
