"""Whether a thing can be exchanged in what a model sees, and all else is still told as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from benchmark.contracts import (
    Exhibit,
    Metric,
    Need,
    Reference,
    Subject,
    Task,
    Transcript,
    Units,
)
from benchmark.interviews.scored import ASIDE, edited, metrics
from benchmark.interviews.showing import exhibit_of
from benchmark.interviews.transcript import transcript_of
from benchmark.references.changes import wanted
from benchmark.references.edited import EDITS

NAMED_ONLY = True
DONE = "the target gave way to the new thing"


@dataclass(frozen=True)
class ObjectReplacement(Task):
    """A push on the thing's patches, along latents that text named; judged by the answer."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Can named latents put one thing in the place of another?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.LATENTS, Need.CONCEPTS})
    fits: ClassVar[bool] = True
    tunes: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(metrics("replacement", DONE))
    references: ClassVar[tuple[Reference, ...]] = EDITS

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError where no picture can be edited, or the model has no tokens."""
        if not wanted(subject, "s2/replacement"):
            return {}
        return edited(subject, "replacement", self.variant, aside=wanted(subject, ASIDE))

    def exhibit(self, subject: Subject) -> Exhibit | None:
        """The best, the median and the worst edit, and success over doses."""
        return exhibit_of(subject, "replacement", self.variant)

    def transcript(self, subject: Subject) -> Transcript | None:
        """Every answer before and after its edit, for other judges to read."""
        return transcript_of(subject, "replacement", self.variant)
