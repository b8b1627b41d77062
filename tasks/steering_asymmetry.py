"""Whether adding a concept works best at other blocks than suppressing it, and by how much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmark.contracts import Exhibit, Metric, Need, Reference, Subject, Task, Units
from benchmark.references.steered import STEERED
from benchmark.steering.scored import metrics, steered
from benchmark.steering.showing import exhibit_of

NAMED_ONLY = True


@dataclass(frozen=True)
class SteeringAsymmetry(Task):
    """The same concepts pushed at every block, judged by answers and by yes against no."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Where does adding a concept work, and where suppressing it?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset(
        {Need.PAIRS, Need.LATENTS, Need.CONCEPTS, Need.GENERATION}
    )
    fits: ClassVar[bool] = True
    tunes: ClassVar[bool] = True
    sweeps: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(metrics())
    references: ClassVar[tuple[Reference, ...]] = STEERED

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError where there are no blocks, or too few pictures to steer."""
        return steered(subject, self.variant)

    def exhibit(self, subject: Subject) -> Exhibit | None:
        """A case of each sign where adding works best, and what growing doses do there."""
        return exhibit_of(subject) if self.variant == "fair" else None
