"""What a task has to show beside its numbers: single cases, and curves over what it tried."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

from benchmark.contracts.editing import Box
from benchmark.contracts.tasks import Subject, Units


@dataclass(frozen=True, eq=False)
class Exhibited:
    """One case."""

    title: str
    lines: tuple[str, ...]
    """What is told of it."""
    picture: Any = None
    """PIL, or uint8 [h, w, 3]; None where there is none to show."""
    boxes: tuple[Box, ...] = ()
    """What is marked in it."""


@dataclass(frozen=True, eq=False)
class Curve:
    """A score over what was tried, with the units behind each point."""

    name: str
    at: tuple[float, ...]
    units: tuple[Units, ...]


@dataclass(frozen=True, eq=False)
class Chart:
    """Curves on one pair of axes."""

    curves: tuple[Curve, ...]
    over: str
    """What the curves are over."""
    score: str
    chosen: float | None = None
    """Which of these was taken."""
    shares: bool = True
    """Whether scores are from 0 to 1; else the axis fits them."""


@dataclass(frozen=True, eq=False)
class Exhibit:
    """Everything to show of one task on one subject."""

    cases: tuple[Exhibited, ...]
    charts: tuple[Chart, ...] = ()


@runtime_checkable
class Showing(Protocol):
    """A task that has something to show."""

    def exhibit(self, subject: Subject) -> Exhibit | None:
        """Of a subject that was scored; None where there is nothing to see."""
        ...
