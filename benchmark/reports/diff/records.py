"""What a diff says, as plain data: experiments of one run alone, statuses, fields, and metrics."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from benchmark.reports.compare.places import Where
from benchmark.results import Cell

State = Literal["same", "beside", "changed", "not significant", "significant", "unjudged", "only"]
"""`beside`: the value is the same to the last digit, something that stands beside it is not;
`changed`: not judged, as nobody asked; `unjudged`: there is nothing to judge it by."""


@dataclass(frozen=True)
class Named:
    """A cell as a person names it."""

    method: str
    where: Where
    seed: int
    status: str
    reason: str | None
    key: str


@dataclass(frozen=True)
class Turned:
    """A cell whose status, or the reason of it, is another one."""

    a: Named
    b: Named


@dataclass(frozen=True)
class Fact:
    """One field that differs, and the cells in which it goes from this to that."""

    field: str
    a: Any
    b: Any
    methods: tuple[str, ...]
    tasks: tuple[str, ...]
    cells: int


@dataclass(frozen=True)
class Change:
    """One metric of one method at one place, over the seeds that both runs have."""

    method: str
    where: Where
    metric: str
    variant: str
    """How codes were taken: "full" or "truncated"."""
    main: bool
    seeds: tuple[int, ...]
    state: State
    a: float | None = None
    """Mean over the seeds; None where only the other run has this metric."""
    b: float | None = None
    difference: float | None = None
    """b − a."""
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    """Adjusted over all main metrics of the diff; None for the others."""
    n: int | None = None
    limit: float | None = None
    """Where units make no pairs: the minimum reliable difference of the two rows."""
    unpaired: str | None = None
    """Why units make no pairs."""
    wide: bool = False
    """Two seeds that differ: t(1) makes the interval 12.7 standard errors to each side."""
    says: str = ""
    """What differs, where the value does not."""


@dataclass(frozen=True)
class Diff:
    """Two runs: what is in one alone, what changed in what is in both, and what cannot be read."""

    a: str
    b: str
    cells: tuple[int, int, int]
    """In both, in a alone, in b alone."""
    only_a: tuple[Named, ...]
    only_b: tuple[Named, ...]
    turned: tuple[Turned, ...]
    facts: tuple[Fact, ...]
    """What cells were run with."""
    outcomes: tuple[Fact, ...]
    """What fits gave."""
    changes: tuple[Change, ...]
    """Metrics, main ones first within a place."""
    notes: tuple[str, ...]
    problems: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether both say the same but for times, and all of both could be read."""
        parts = (self.only_a, self.only_b, self.turned, self.facts, self.outcomes, self.problems)
        return not any(parts) and all(each.state == "same" for each in self.changes)

    def as_json(self) -> dict[str, Any]:
        """The diff as plain data."""
        return {"same": self.same, **asdict(self)}


def named(cell: Cell, where: Where) -> Named:
    """A cell without its numbers."""
    return Named(cell.method.name, where, cell.seed, cell.status, cell.reason, cell.key)
