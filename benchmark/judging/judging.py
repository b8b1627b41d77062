"""Every judge on every sheet of a run, and how far they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np

from benchmark.contracts import Units
from benchmark.judging.agreement import Agreement, agreement
from benchmark.judging.opinions import Opinions, SheetJudge
from benchmark.judging.sheets import Sheet
from benchmark.statistics import Estimate, estimates

SCORES = (2, 1, 0)


@dataclass(frozen=True)
class Verdicts:
    """What one judge says of one sheet."""

    judge: str
    opinions: Opinions
    shares: dict[str, Estimate]
    """S2, S1 and S0 among the cases that it judged; empty where it judged none."""
    told: dict[str, tuple[Estimate | None, Estimate | None]]
    """What it measures of the answers before and after, where it does."""

    @property
    def n(self) -> int:
        """Cases with a verdict."""
        return sum(score is not None for score in self.opinions.scores)


@dataclass(frozen=True)
class Judged:
    """All judges on all sheets."""

    sheets: tuple[tuple[Sheet, tuple[Verdicts, ...]], ...]
    agreements: tuple[Agreement, ...]
    """Of each two judges over all sheets together, drawn over pictures."""


def judged(sheets: Sequence[Sheet], judges: Sequence[SheetJudge]) -> Judged:
    """Raises ValueError, one line, where a judge cannot do its work."""
    found = tuple((sheet, tuple(verdicts(judge, sheet) for judge in judges)) for sheet in sheets)
    pictures = [f"{s.cell.data.name} {c.picture}" for s in sheets for c in s.judged]
    said = {
        judge.name: [score for _, by in found for score in by[i].opinions.scores]
        for i, judge in enumerate(judges)
    }
    pairs = combinations(said, 2)
    return Judged(found, tuple(agreement((a, b), (said[a], said[b]), pictures) for a, b in pairs))


def verdicts(judge: SheetJudge, sheet: Sheet) -> Verdicts:
    """One judge on one sheet, with intervals over cases (a case is a picture)."""
    opinions = judge.opinions(sheet)
    known = [score for score in opinions.scores if score is not None]
    units = {f"s{s}": Units(np.array([float(k == s) for k in known])) for s in SCORES}
    measured = getattr(judge, "told", None)
    told: dict[str, Any] = measured(sheet) if measured is not None else {}
    return Verdicts(
        judge.name,
        opinions,
        estimates(units) if known else {},
        {name: (_ratio(before), _ratio(after)) for name, (before, after) in told.items()},
    )


def _ratio(shares: Sequence[Any]) -> Estimate | None:
    """The ratio of sums of parts and wholes; None where there is nothing to count."""
    part, whole = (np.array([getattr(s, n) for s in shares], float) for n in ("part", "whole"))
    return estimates({"share": Units(part, whole)})["share"] if whole.sum() else None
