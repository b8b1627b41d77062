"""What a comparison says: one row a metric, and the sentence that its numbers allow."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from benchmark.reports.compare.places import Where

LEVEL = 0.95
UNRESOLVED, NEITHER, NOT_COMPARED = "–", "neither", "n/a"


@dataclass(frozen=True)
class Compared:
    """One metric at one place: a − b over the seeds that both have."""

    where: Where
    metric: str
    main: bool
    variant: str
    """How codes were taken: "full" or "truncated"."""
    higher_is_better: bool | None
    seeds: tuple[int, ...]
    a: float
    b: float
    difference: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    """Adjusted over all main metrics of the comparison; None for the others."""
    mrd: float | None = None
    """Minimum reliable difference of two unpaired rows of a table; None with one seed."""
    n: int | None = None
    refused: str | None = None
    """Why the two cannot be compared here."""
    wide: bool = False
    """Two seeds that differ: t(1) makes the interval 12.7 standard errors to each side."""
    verdict: str = ""


@dataclass(frozen=True)
class Comparison:
    """Two methods everywhere both were scored: rows by place, main metrics first."""

    a: str
    b: str
    rows: tuple[Compared, ...]
    notes: tuple[str, ...]

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        return asdict(self)


def better(row: Compared, a: str, b: str, *, level: float) -> str:
    """The better one's name, or a word where none is called so, which the footer explains."""
    p = row.p if row.p_holm is None else row.p_holm
    if row.refused or p is None or row.low is None or row.high is None:
        return NOT_COMPARED
    if row.difference == row.low == row.high == 0:
        return "same"
    if p > 1 - level:
        return UNRESOLVED
    if row.higher_is_better is None:
        return NEITHER
    return a if (row.difference > 0) is row.higher_is_better else b


def verdict(row: Compared, a: str, b: str, *, level: float) -> str:
    """One sentence. Nothing is called better unless its (Holm-adjusted) p is under 1 − level."""
    if row.refused:
        return f"not compared: {row.refused}"
    p = row.p if row.p_holm is None else row.p_holm
    if p is None or row.low is None or row.high is None:
        return "not compared: the interval is undefined"
    if row.difference == row.low == row.high == 0:
        return f"the same on all {row.n} units"
    if p > 1 - level:
        return _unresolved(row, p)
    size, low, high = row.difference, row.low, row.high
    winner = a
    if (size > 0) is (row.higher_is_better is False):
        winner = b
    if size < 0:
        size, low, high = -size, -high, -low
    by = f"{number(size)} [{number(low)}, {number(high)}]"
    if row.higher_is_better is None:
        more = a if row.difference > 0 else b
        return f"{more} has {by} more (neither is better)"
    return f"{winner} is better by {by}{_seeds(row)}"


def _unresolved(row: Compared, p: float) -> str:
    span = f"{number(row.difference)} [{number(row.low or 0)}, {number(row.high or 0)}]"
    if row.mrd is not None and abs(row.difference) < row.mrd:
        limit = number(row.mrd)
        return f"no difference resolved: {span}, under the minimum reliable difference {limit}"
    return f"no difference resolved: {span}, p = {p:.2g}{_seeds(row)}"


def _seeds(row: Compared) -> str:
    """A single seed says nothing of the next one, so it is said."""
    return "" if len(row.seeds) > 1 else " (one seed: items alone)"


def number(value: float) -> str:
    """Three decimals, or three digits where those would hide it."""
    if value != 0 and (abs(value) < 0.001 or abs(value) >= 1000):
        return f"{value:.3g}"
    return f"{value:.3f}"
