"""Whether a dictionary comes back when it is fitted again with another seed.

Latents are matched one to one with those of the other fits of the same run: by direction, and by
what they fire on. The main score is what is left of their cosine above chance, as a share of what
could be left, so that it does not depend on how many latents there are: 1 is the same dictionary,
0 a blind one of as many directions in the same dimensions.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Float

from benchmark.contracts import (
    MODALITIES,
    Metric,
    Modality,
    Need,
    NotApplicableError,
    Reference,
    Subject,
    Task,
    Units,
)
from benchmark.metrics.both import Part, by_modality, mean_of_both, part
from benchmark.metrics.chance_cosine import chances
from benchmark.metrics.heterogeneity import directions
from benchmark.metrics.returning import Match, by_direction, by_firing, claims, others
from benchmark.metrics.sides import living
from benchmark.metrics.splitting import energy
from benchmark.references.changes import reference, wanted
from benchmark.references.returning import (
    blind_others,
    isotropic_others,
    map_exchanged,
    same_fit,
)

COSINES = ("cosine", "adjusted/cosine", "returned")
PLAIN = (*COSINES, *(f"{name}/{modality}" for name in COSINES for modality in MODALITIES))
DRAWN = (*PLAIN, "*/energy", "codes*")
Column = Float[np.ndarray, " a"]
ROOM = 1e-3
"""Where chance is nearer to 1 than this, dictionaries cannot be told apart."""


def _metrics() -> Iterator[Metric]:
    matched = "cosine of living latents' directions with those of another seed, matched one to one"
    above = "(cosine - chance) / (1 - chance) of living latents matched with another seed's"
    blind = "as many blind directions, of the mean and covariance of the other seed's"
    says = f"{above}; chance: {blind}; mean of both"
    yield Metric("adjusted/cosine", "latent", True, says, main=True)
    yield Metric("cosine", "latent", True, f"{matched}; mean of both modalities")
    says = "share of living latents matched more closely than 99 % are with blind directions"
    yield Metric("returned", "latent", True, says)
    says = "correlation of codes on evaluated rows with another seed's, matched so on train"
    yield Metric("codes", "latent", True, f"{says}; mean of both modalities")
    for modality in MODALITIES:
        yield Metric(f"adjusted/cosine/{modality}", "latent", True, f"{above}; {modality} alone")
        yield Metric(f"cosine/{modality}", "latent", True, f"{matched}; {modality} alone")
        yield Metric(f"returned/{modality}", "latent", True, f"returned, {modality} alone")
        yield Metric(f"codes/{modality}", "latent", True, f"{says}; {modality} alone")
    says = f"{above}; by energy E[z^2] |d|^2 of the latent"
    yield Metric("adjusted/cosine/energy", "latent", True, says)
    yield Metric("cosine/energy", "latent", True, f"{matched}; by energy E[z^2] |d|^2")
    says = "share of coordinates alive in both modalities whose image and text latent are matched, "
    yield Metric("claims", "latent", True, f"{says}by firing, with one coordinate of another seed")


@dataclass(frozen=True)
class Stability(Task):
    """Directions, codes and cross-modal claims, against the other seeds of the run."""

    variant: Literal["fair", "paper"] = "fair"
    """Both are the same: what is published is `cosine`, and `cosine/energy`."""
    question: ClassVar[str] = "Does the dictionary come back under another seed?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.LATENTS, Need.SECOND_SEED})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("blind", "null", blind_others, metrics=DRAWN, draws=20),
        reference("random", "null", isotropic_others, metrics=PLAIN, draws=20),
        reference("map exchanged", "null", map_exchanged, metrics=("claims",), draws=20),
        reference("same fit", "ceiling", same_fit),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises ValueError without another fit, NotApplicableError where nothing can be told."""
        if not others(subject):
            raise ValueError(f"needs {Need.SECOND_SEED.value}: this subject has no other fit")
        if all(drew_nothing(subject, other) for other in others(subject)):
            raise NotApplicableError(
                "another seed gave the same dictionary to the last bit: nothing was drawn, so that "
                "it comes back says nothing"
            )
        if not any(living(subject, modality).any() for modality in MODALITIES):
            raise NotApplicableError("no latent is alive on train: nothing can come back")
        found = directed(subject) if wanted(subject, "cosine") else {}
        if wanted(subject, "codes"):
            fired = {m: mean_strength(by_firing(subject, m)) for m in MODALITIES}
            found |= by_modality({"codes": fired})
        if wanted(subject, "claims"):
            made, kept = claims(subject)
            if len(made):
                found["claims"] = Units(kept)
        return found


def drew_nothing(subject: Subject, other: Subject) -> bool:
    """Whether another fit is this one again. A fit beside itself, as the ceiling, is no other."""
    if other.artifact is subject.artifact:
        return False
    return all(
        np.array_equal(of(subject, modality), of(other, modality))
        for of in (directions, living)
        for modality in MODALITIES
    )


def directed(subject: Subject) -> dict[str, Units]:
    """Matched directions: cosines, what is above chance, and the share that is surely so."""
    sides: dict[str, dict[Modality, Part]] = {name: {} for name in COSINES}
    weighed: dict[str, list[Part]] = {"cosine/energy": [], "adjusted/cosine/energy": []}
    for modality in MODALITIES:
        latents = np.flatnonzero(living(subject, modality))
        columns = dict(zip(COSINES, above_chance(subject, modality), strict=True))
        for name, values in columns.items():
            sides[name][modality] = part(values, latents)
        if wanted(subject, *weighed):
            weights = energies(subject, modality)[latents]
            for name, parts in weighed.items():
                parts.append(part(columns[name.removesuffix("/energy")], latents, weights))
    by_energy = {name: mean_of_both(parts) for name, parts in weighed.items() if parts}
    return by_modality(sides) | by_energy


def above_chance(subject: Subject, modality: Modality) -> tuple[Column, Column, Column]:
    """Cosine, cosine above chance and whether it is surely above it, means over the other fits.

    Above chance is 0 where blind directions all but coincide: nothing shows there.
    """
    rows = []
    for other, blind in zip(others(subject), chances(subject, modality), strict=True):
        cosine = by_direction(subject, other, modality).strength
        left = 1 - blind.cosine
        room = left > ROOM
        above = np.divide(cosine - blind.cosine, left, out=np.zeros(len(left)), where=room)
        rows.append((cosine, above, cosine > blind.bar))
    cosine, above, surely = (np.mean(column, axis=0) for column in zip(*rows, strict=True))
    return cosine, above, surely


def energies(subject: Subject, modality: Modality) -> Float[np.ndarray, " w"]:
    """Mean square of what each latent adds to the evaluated rows: no matter how it is scaled."""
    return energy(subject, modality) * (directions(subject, modality) ** 2).sum(1)


def mean_strength(matches: tuple[Match, ...]) -> Part:
    """How well latents go together with their partners, the mean over the other fits."""
    return part(np.mean([match.strength for match in matches], axis=0), matches[0].latents)
