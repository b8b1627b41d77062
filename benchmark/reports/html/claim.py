"""One claim: a main score against something, its p within its family, and what that allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.reports.compare.places import Where
from benchmark.reports.numbers import NOTHING
from benchmark.statistics import holm

ALPHA = 0.05
Outcome = Literal["better", "worse", "unresolved", "same", "differs", "unknown"]


@dataclass(frozen=True)
class Claim:
    """One main score of a method against something."""

    method: str
    against: str
    kind: Literal["floor", "baseline", "method"]
    where: Where
    metric: str
    higher_is_better: bool | None
    seeds: int
    value: float
    other: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    """Adjusted by Holm over its family, once it has been judged."""
    why: str | None = None
    """Why it cannot be judged."""

    @property
    def difference(self) -> float:
        return self.value - self.other

    @property
    def outcome(self) -> Outcome:
        """`unknown` where there is no p; `differs` where neither direction is better.

        What rounding leaves of a zero is no difference, however sure it is.
        """
        if self.why is not None or self.p is None or self.low is None:
            return "unknown"
        if max(abs(self.low), abs(self.high or 0.0)) < NOTHING:
            return "same"
        if self.p >= ALPHA:
            return "unresolved"
        if self.higher_is_better is None:
            return "differs"
        return "better" if (self.difference > 0) is self.higher_is_better else "worse"


@dataclass(frozen=True)
class Claims:
    """Everything that was asked of one family, and what could not be asked."""

    rows: tuple[Claim, ...]
    notes: tuple[str, ...] = ()


def judged(claims: Iterable[Claim]) -> list[Claim]:
    """The same claims in one order, their p adjusted by Holm over all that have one."""
    rows = sorted(claims, key=lambda c: (c.where, c.method, c.kind, c.against))
    family = [i for i, row in enumerate(rows) if row.p is not None and row.why is None]
    adjusted = dict(zip(family, holm([rows[i].p or 0.0 for i in family]), strict=True))
    return [replace(row, p=adjusted.get(i)) for i, row in enumerate(rows)]
