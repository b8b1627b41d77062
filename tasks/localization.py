"""Whether a latent that text named after a thing is strongest where the thing is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.contracts import (
    Annotated,
    Metric,
    Need,
    NotApplicableError,
    Reference,
    Subject,
    Task,
    Units,
    thing_concepts,
)
from benchmark.metrics.localizing import STRATA, Placed, latents_of_things, placed
from benchmark.metrics.naming import names_of
from benchmark.references.changes import PATCHED, reference, unpatched, wanted
from benchmark.references.names import names_exchanged

HITS = ("excess/hit", "hit*")


def stratum(low: float, high: float) -> str:
    """`hit/area:0.05-0.15`: things that cover so much of the picture."""
    return f"hit/area:{low:g}-{high:g}"


def _metrics() -> Iterator[Metric]:
    where = "the latent named after it is strongest on its patches"
    says = f"how much more often than by chance {where}, among things where that latent fires"
    yield Metric("excess/hit", "thing", True, says, main=True)
    yield Metric("hit", "thing", True, f"how often {where}, among things where it fires")
    yield Metric("chance", "thing", None, "share of the picture that these things cover")
    yield Metric(
        "hit/all", "thing", True, "the same among all things with a latent: silent is a miss"
    )
    for low, high in STRATA:
        says = f"hits among things that cover {low:g} to {high:g} of the picture"
        yield Metric(stratum(low, high), "thing", True, says)
        yield Metric(f"chance/area:{low:g}-{high:g}", "thing", None, "their share of it")
    yield Metric("fires", "thing", None, "share of things with a latent where it fires at all")
    yield Metric("named", "concept", True, "share of things that some latent is named after")


@dataclass(frozen=True)
class Localization(Task):
    """The strongest token of named latents against the places of things."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Is a latent strongest where the thing is that text named it after?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset(
        {Need.PAIRS, Need.LATENTS, Need.CONCEPTS, Need.PLACES}
    )
    fits: ClassVar[bool] = True
    tunes: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("names exchanged", "null", names_exchanged, metrics=HITS, draws=20),
        reference("unpatched", "baseline", unpatched, metrics=HITS, needs=PATCHED),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError at a site that is no grid of tokens, and without names."""
        examples = subject.examples.get("test")
        if not isinstance(examples, Annotated):
            raise NotApplicableError("the pictures are not at hand: where things are is not known")
        latent_of = latents_of_things(names_of(subject), thing_concepts(examples))
        found = placed(subject, examples, latent_of)
        if not found.fires.any():
            raise NotApplicableError(
                f"{len(latent_of)} things have a latent that text named after them, and none of "
                f"these fires on a picture of its thing"
            )
        units = hits(found)
        if wanted(subject, "named"):
            named = np.isin(thing_concepts(examples), list(latent_of))
            units["named"] = Units(named.astype(np.float64))
            units["fires"] = Units(found.fires.astype(np.float64), cluster=found.picture)
        return units


def hits(found: Placed) -> dict[str, Units]:
    """Hits and chance among things where the latent fires, whole and by area."""
    fires = found.fires.astype(np.float64)
    excess = fires * (found.hit - found.chance)
    units = {
        "excess/hit": Units(excess, fires, found.picture),
        "hit": Units(fires * found.hit, fires, found.picture),
        "chance": Units(fires * found.chance, fires, found.picture),
        "hit/all": Units(found.hit, cluster=found.picture),
    }
    for low, high in STRATA:
        inside = fires * ((found.chance > low) & (found.chance <= high))
        if inside.any():
            units[stratum(low, high)] = Units(inside * found.hit, inside, found.picture)
            chance = Units(inside * found.chance, inside, found.picture)
            units[f"chance/area:{low:g}-{high:g}"] = chance
    return units
