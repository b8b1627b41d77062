"""The board as plain data: a table a place, columns of tasks, rows of methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from benchmark.results import Cell, MethodRecord
from leaderboards.board.places import Pin, Place, task_order
from leaderboards.board.values import Value

Lane = Literal["reference", "verified", "self-reported"]
Kind = Literal["method", "control"]
Mark = Literal[
    "supervised", "patched", "dense map", "uncut map", "truncated", "paper", "two seeds", "stale"
]
MARKS: dict[Mark, str] = {
    "supervised": "saw labels, the planted truth or answers about the pictures: shown, not ranked",
    "patched": "replaces weights of the backend: its activations are those of the patched model",
    "dense map": "its map mixes whole codes: it may retrieve better, but latents lose their "
    "identity",
    "uncut map": "keeps matches between latents that are not told from chance",
    "truncated": "codes cut to the k strongest latents an input: how codes that are not k-sparse "
    "compare with TopK",
    "paper": "the published setting, outside of the equal budget",
    "two seeds": "two seeds that differ: the interval is wide by construction",
    "stale": "of another task version, data or backend revision: greyed, never ranked beside "
    "fresh rows",
}
RANKED_SEEDS = 3
"""Seeds that a row needs to be ranked."""


@dataclass(frozen=True)
class Entry:
    """One value of the table: a row's main score in a column."""

    value: Value
    pin: Pin
    fresh: bool
    floor: float | None
    """The highest null of this row's own cells."""
    ceiling: float | None
    tier: int | None = None
    """1 for the best; None where it is not ranked."""
    provisional: bool = False
    """Where a self-reported row would stand; it moves no other row."""
    unranked: str = ""
    """Why there is no tier."""
    under: bool = False
    """Worse than its own floor: knowing nothing does better."""

    @property
    def look(self) -> str:
        """How it is shown: the first two tiers stand out, provisional and stale ones do not."""
        if not self.fresh:
            return "stale"
        return f"t{min(self.tier, 3)}" if self.tier and not self.provisional else "free"


@dataclass(frozen=True)
class Absent:
    """A method that has no value in a column, and why."""

    status: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One method with its seeds; truncated codes are a row of their own."""

    key: str
    """Unique in a table: the name, with the submission's before it."""
    name: str
    """The method's name, with how codes were taken where these are not the full ones."""
    method: str
    codes: str
    lane: Lane
    slug: str
    """Of the submission; empty for reference rows."""
    title: str
    kind: Kind
    marks: tuple[Mark, ...]
    entries: Mapping[str, Entry]
    """By task."""
    absent: Mapping[str, Absent]
    record: MethodRecord
    """Of its latest cell."""
    cells: Mapping[str, tuple[Cell, ...]] = field(default_factory=dict, repr=False, compare=False)
    """By task, what its values are made of."""

    @property
    def n_seeds(self) -> int:
        """The most seeds of any of its values."""
        return max((len(entry.value.seeds) for entry in self.entries.values()), default=0)

    @property
    def stale(self) -> bool:
        """Whether nothing in it is fresh."""
        return bool(self.entries) and not any(entry.fresh for entry in self.entries.values())


@dataclass(frozen=True)
class Column:
    """One task's main metric, and what it is read against."""

    task: str
    metric: str
    unit: str
    n: int
    higher_is_better: bool | None
    pin: Pin
    """What is ranked; values of any other are stale."""
    floor: float | None
    """The highest that any row's nulls reach."""
    ceiling: float | None
    """Of all rows; None where each has its own, or there is none."""
    baselines: Mapping[str, float]
    """Those that are the same for every row."""
    doubt: str
    """Why the metric failed its audit here; empty where it did not."""
    n_tiers: int
    reliable: float | None
    """The median minimum reliable difference between two ranked rows."""


@dataclass(frozen=True)
class Table:
    """One place."""

    place: Place
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]

    def column(self, task: str) -> Column | None:
        """The column of a task, if it is scored here."""
        return next((column for column in self.columns if column.task == task), None)


@dataclass(frozen=True)
class Board:
    """Every table, by place."""

    tables: tuple[Table, ...]
    first_day: str
    """When the oldest reference cell was made; empty where none says."""
    last_day: str
    n_cells: int
    """Reference cells."""

    @property
    def backends(self) -> dict[str, tuple[Table, ...]]:
        """Tables by backend, those with most rows first within one."""
        names = dict.fromkeys(table.place.backend for table in self.tables)
        return {n: tuple(t for t in self.tables if t.place.backend == n) for n in names}

    @property
    def tasks(self) -> tuple[str, ...]:
        """Every task with a column, in the order of the columns."""
        names = {column.task for table in self.tables for column in table.columns}
        return tuple(sorted(names, key=task_order))
