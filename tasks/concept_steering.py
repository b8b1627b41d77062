"""Whether a named latent adds its concept to the embedding of a picture, and leaves the rest."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.contracts import (
    Chart,
    Curve,
    Exhibit,
    Metric,
    Need,
    Reference,
    Subject,
    Task,
    Units,
)
from benchmark.interviews.queries import DOSES, LEAST_KEPT, Queries
from benchmark.metrics.queries import NEAREST
from benchmark.references.queries import STEERED_QUERIES, pushed

GAINS = ("gain", "gain/images", "gain/captions")
KEPT = ("kept/captions", "kept/neighbours", "cosine")
CURVE = "curve"
"""In a subject's cache: scores at every dose."""


def _metrics() -> Iterator[Metric]:
    rise = "rise of the average precision of"
    images, captions = "pictures that show the concept", "captions that assert it"
    says = f"{rise} {images}, and of {captions}, mean of both; 0 for a concept without a latent"
    yield Metric("gain", "concept", True, says, main=True)
    yield Metric("gain/images", "concept", True, f"{rise} {images}")
    yield Metric("gain/captions", "concept", True, f"{rise} {captions}")
    yield Metric("gain/with_latent", "concept", True, "gain among concepts with a latent")
    says = "how well a query finds its picture's own captions, over how well the picture does"
    yield Metric("kept/captions", "concept", True, says)
    says = f"share of the {NEAREST} nearest pictures without the concept that stay among them"
    yield Metric("kept/neighbours", "concept", True, says)
    yield Metric("cosine", "concept", True, "cosine of a query and its picture")
    says = "whether text named a latent after the concept that has an image direction"
    yield Metric("with_latent", "concept", True, says)
    yield Metric("before/images", "concept", None, f"average precision of {images}, unsteered")
    yield Metric("before/captions", "concept", None, f"average precision of {captions}, unsteered")
    says = f"push over the median norm of train rows: the largest that keeps {LEAST_KEPT} on val"
    yield Metric("dose", "concept", None, says)
    yield Metric("val/kept/captions/dose:*", "dose", None, "what val keeps, where it is chosen")
    for name in (*GAINS, *KEPT):
        yield Metric(f"{name}/dose:*", "concept", None, f"{name} at each dose")


@dataclass(frozen=True)
class ConceptSteering(Task):
    """Queries made of pictures without a concept, pushed along the latent that text named.

    Dense rows decide what is found, the same for every method. All methods lose equally much of
    the picture (as val says), and what is scored is how much they gain for it.
    """

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Does a named latent add its concept to what a picture finds?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset(
        {Need.PAIRS, Need.LATENTS, Need.CONCEPTS, Need.SAME_WIDTH}
    )
    fits: ClassVar[bool] = True
    tunes: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = STEERED_QUERIES

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError where rows are no joint embedding or concepts are too rare."""
        queries = Queries(subject, pushed(subject), self.variant)
        dose = queries.dose()
        found = queries.moved("test", dose)
        units = found.units()
        if queries.kind != "own":
            return units
        units["with_latent"] = Units((found.pushed > 0).astype(np.float64))
        units |= before(queries)
        if found.pushed.any():
            units["dose"] = Units(dose * found.cases, found.cases)
            units |= self._curve(queries)
        return units

    def _curve(self, queries: Queries) -> dict[str, Units]:
        """Scores of the evaluated split at every dose, and what val says of those it tried."""
        cache, key = queries.subject.cache, (CURVE, self.variant)
        if key not in cache:
            cache[key] = {dose: queries.moved("test", dose).units() for dose in DOSES}
        units = {
            f"{name}/dose:{dose:g}": at[name]
            for dose, at in cache[key].items()
            for name in (*GAINS, *KEPT)
            if name in at
        }
        if self.variant == "fair":
            for dose, kept in queries.on_val().items():
                units[f"val/kept/captions/dose:{dose:g}"] = Units(np.array([kept]))
        return units

    def exhibit(self, subject: Subject) -> Exhibit | None:
        """What growing doses gain and keep; None where no concept has a latent."""
        curve = subject.cache.get((CURVE, self.variant))
        if curve is None:
            return None
        dose = Queries(subject, "own", self.variant).dose()
        return Exhibit((), tuple(chart(curve, names, dose) for names in (GAINS, KEPT)))


def before(queries: Queries) -> dict[str, Units]:
    """How well pictures find what they do not show, concept by concept."""
    cases, plain = queries.cases("test"), queries.plain("test")
    count = np.bincount(cases.place).astype(np.float64)
    return {
        f"before/{name}": Units(np.bincount(cases.place, weights=column), count)
        for name, column in (("images", plain.images), ("captions", plain.captions))
    }


def chart(curve: dict[float, dict[str, Units]], names: tuple[str, ...], dose: float) -> Chart:
    """Some scores over doses."""
    able = [name for name in names if all(name in at for at in curve.values())]
    return Chart(
        tuple(Curve(n, tuple(curve), tuple(at[n] for at in curve.values())) for n in able),
        over="push over the median norm of rows",
        score=" · ".join(able),
        chosen=dose,
        shares=False,
    )
