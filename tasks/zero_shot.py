"""Whether a picture is nearest to what texts say of the thing that it shows, by cosine of codes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from benchmark.contracts import Metric, Need, Reference, Subject, Task, Units
from benchmark.metrics.ranking import expected_hit
from benchmark.metrics.zero_shot import Guesses, common, guesses
from benchmark.references.changes import (
    PATCHED,
    identity,
    mean_predictor,
    reference,
    unpatched,
    wanted,
)
from benchmark.references.classes import classes_shuffled

DEPTHS = (1, 5)
FILTERED = "filtered/"
RAW = ("acc@*",)
EVERY = ("acc@*", f"{FILTERED}acc@*")


def _metrics() -> Iterator[Metric]:
    for prefix, which in (("", ""), (FILTERED, ", without common latents")):
        for k in DEPTHS:
            says = f"expected share of pictures with their class in the first {k}, mean of classes"
            yield Metric(
                f"{prefix}acc@{k}", "concept", True, says + which, main=prefix + str(k) == "1"
            )
        says = "share of pictures whose class ties with another one, mean of classes"
        yield Metric(f"{prefix}tie_rate", "concept", False, says + which)
    says = "share of latents that fire on more than half of the train images or captions"
    yield Metric("common/latents", "latent", None, says)


@dataclass(frozen=True)
class ZeroShot(Task):
    """Pictures of one thing alone, sorted by prototypes of things from text.

    A prototype is made of prompts where pictures name their things in words and a model reads
    these; else, as in a file of embeddings, of the train captions that assert this thing alone.
    The unit is the class, and the score the mean over classes: all pictures of a class stand and
    fall with one prototype. `paper`: the mean over pictures, and of tied classes the first.
    """

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Is a picture nearest to what texts say of the thing it shows?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.CONCEPTS})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("names shuffled", "null", classes_shuffled, metrics=EVERY, draws=20),
        reference("chance", "null", mean_predictor, metrics=RAW, of_data=True),
        reference("unpatched", "baseline", unpatched, metrics=EVERY, needs=PATCHED),
        reference(
            "dense",
            "baseline",
            identity,
            metrics=RAW,
            of_data=True,
            needs=frozenset({Need.SAME_WIDTH}),
        ),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError for fewer than two classes, and without pictures of them."""
        found: dict[str, Units] = {}
        if wanted(subject, "acc@1"):
            found |= self._scored(guesses(subject), "")
        if wanted(subject, f"{FILTERED}acc@1"):
            left_out = common(subject)
            found["common/latents"] = Units(left_out.astype(np.float64))
            if not left_out.all():
                found |= self._scored(guesses(subject, filtered=True), FILTERED)
        return found

    def _scored(self, of: Guesses, prefix: str) -> dict[str, Units]:
        """Top 5 only where there are more classes than that."""
        standing = of.standing()
        columns = {"tie_rate": (standing.tied > 1).astype(np.float64)}
        for k in DEPTHS:
            if k < of.classes:
                paper = self.variant == "paper"
                columns[f"acc@{k}"] = of.first_hit(k) if paper else expected_hit(standing, k)
        return {f"{prefix}{name}": self._units(of, column) for name, column in columns.items()}

    def _units(self, of: Guesses, column: Float[np.ndarray, " n"]) -> Units:
        total, count = of.by_class(column)
        return Units(total, count) if self.variant == "paper" else Units(total / count)
