"""Where a cell was scored, and to which versions it is pinned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.reports.names import place as in_words
from benchmark.reports.names import short
from benchmark.results import Cell

ORDER = (
    "reconstruction",
    "retrieval",
    "modality_split",
    "matching_rate",
    "zero_shot",
    "concept_steering",
    "object_removal",
    "object_replacement",
    "steering_asymmetry",
    "localization",
    "monosemanticity",
    "stability",
    "layer_probe",
    "ground_truth",
)
"""Tasks as a reader meets them; others come after these, by name."""


@dataclass(frozen=True, order=True)
class Place:
    """One table: rows of two places are never in one."""

    backend: str
    data: str
    site: str
    """Empty where the task sweeps over sites."""
    split: str
    variant: str
    limit: int = 0
    """Rows taken by `--limit`; 0 for all."""
    centred: bool = False

    @property
    def told(self) -> str:
        """In words."""
        return in_words(self.backend, self.data, self.site, self.split, self.variant) + self.more

    @property
    def more(self) -> str:
        """What sets it apart from the same place with all rows, as they are."""
        limited = f" · first {self.limit:,} images" if self.limit else ""
        return limited + " · centred" * self.centred

    @property
    def within(self) -> str:
        """What sets it apart among the places of its backend."""
        parts = [self.site or "all sites"]
        parts += [short(self.data)] * (self.data not in ("scenes", self.backend))
        parts += [f"{self.split} split"] * (self.split != "test")
        parts += ["the paper's setting"] * (self.variant == "paper")
        return " · ".join(parts) + self.more


@dataclass(frozen=True, order=True)
class Pin:
    """What a value depends on beside method and place: values of two pins are not compared."""

    version: int
    """Of the task."""
    data_revision: str
    backend_revision: str


def place_of(cell: Cell) -> Place:
    return Place(
        backend=cell.backend.name,
        data=cell.data.name,
        site=cell.site or "",
        split=cell.split,
        variant=cell.variant,
        limit=cell.data.limit or 0,
        centred=cell.data.centred,
    )


def pin_of(cell: Cell) -> Pin:
    return Pin(cell.task.version, cell.data.revision, cell.backend.revision)


def unlike(stale: Pin, fresh: Pin) -> str:
    """Why a value of one pin does not stand beside those of another."""
    parts = []
    if stale.version != fresh.version:
        parts.append(f"task version {stale.version}, now {fresh.version}")
    if stale.data_revision != fresh.data_revision:
        parts.append("other data revision")
    if stale.backend_revision != fresh.backend_revision:
        parts.append("other backend revision")
    return ", ".join(parts)


def freshest(cells: Sequence[Cell]) -> Pin:
    """The pin to rank by: of the newest task version, that of the latest cell."""
    newest = max(cells, key=lambda cell: (cell.task.version, cell.created or "", cell.key))
    return pin_of(newest)


def task_order(name: str) -> tuple[int, str]:
    """Where a task stands among the columns."""
    return (ORDER.index(name) if name in ORDER else len(ORDER), name)
