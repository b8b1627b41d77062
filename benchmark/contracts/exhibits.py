"""What a task has to show beside its numbers: single cases, curves, and what a model answered."""

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


@dataclass(frozen=True)
class Answered:
    """One picture, the edit of it, what was answered before and after, and the task's verdict."""

    picture: str
    """Its id."""
    row: int
    """Its place in the evaluated split."""
    target: int
    new: int | None
    truth: tuple[int, ...]
    """Everything that is known to be in the picture."""
    captions: tuple[str, ...]
    before: str
    after: str | None
    """None where a method has no latent for the case: nothing was asked then."""
    eligible: bool
    """Whether the case counts in the scores."""
    score: int
    why: str
    """Why the verdict is not the best one; empty where it is."""


@dataclass(frozen=True)
class Transcript:
    """The answers behind the verdicts of a task, for other judges to read."""

    question: str
    names: tuple[tuple[str, ...], ...]
    """Every way to call each concept; none for those that are no things."""
    descriptions: tuple[str, ...]
    others: tuple[str, ...] | None
    """As `OpenWorld` has them; None where every thing has a name."""
    latents: str
    """How the latents were chosen along which was pushed."""
    dose: float
    cases: tuple[Answered, ...]


@runtime_checkable
class Answering(Protocol):
    """A task whose verdicts are on answers in words."""

    def transcript(self, subject: Subject) -> Transcript | None:
        """Of a subject that was scored; None where nothing was said in words."""
        ...
