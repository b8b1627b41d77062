"""Whether the pictures, or captions, on which a latent fires have something in common.

Alike are rows with the same labels, so no model that is scored, and no other, is the judge. Without
labels the task does not apply: activations of the backend itself are what the dictionary was fitted
to, and any cut through them finds rows that are alike in them.

The main score is of pictures: captions leave out much of what their picture shows, so that of a
dictionary whose directions are turned their likeness hardly falls (Spearman's ρ with known quality
.41 over captions, .95 over pictures). It is over latents that are alive: with the dead at the value
of chance it would count the dead. They are in `excess/ms/all`, and `coverage` says how many there
are. Likeness is of all
that rows share, so where rows have many concepts each a blind mixture of concepts comes near a pure
latent; `purity` asks for one concept alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np

from benchmark.contracts import MODALITIES, Metric, Modality, Need, Reference, Subject, Task, Units
from benchmark.metrics.alike import Rule, Scored, pure, scored, there
from benchmark.metrics.both import by_modality, mean_of_both, part
from benchmark.metrics.purity import spread
from benchmark.references.blind import (
    blind_directions,
    dense,
    labels_as_latents,
    rows_exchanged,
)
from benchmark.references.changes import active_latents, identity, pca, reference, wanted

FAIR, PAPER = Rule(least=5), Rule(least=2, plain=True)
MS = ("ms", "ms/*", "excess/ms", "excess/ms/image", "excess/ms/text")
PURITY = ("purity*", "lift*")
OF_LATENTS = ("ms", "excess/ms", "purity", "lift")
MAIN = ("excess/ms", "image")


def _metrics() -> Iterator[Metric]:
    ms = "label cosine of the rows a latent fires on, weighted by activation"
    over = "less that of blind directions that fire as often"
    count = f"alive latents that fire for {FAIR.least} pictures or more"
    yield Metric("excess/ms", "latent", True, f"{ms}, {over}; {count}, mean of both")
    yield Metric("ms", "latent", True, f"{ms}; {count}, mean of both modalities")
    said = "share of firing rows with the concept that is commonest among them on train"
    yield Metric("purity", "latent", True, said)
    yield Metric("lift", "latent", True, f"{said}, less its share of all rows")
    says = f"{ms}, {over}; every latent of the dictionary, 0 for those that are not scored"
    yield Metric("excess/ms/all", "latent", True, says)
    says = f"{ms}, {over}; a latent weighs as often as it fires"
    yield Metric("excess/ms/fired", "latent", True, says)
    for modality in MODALITIES:
        rows = "images" if modality == "image" else "captions"
        for name in OF_LATENTS:
            main, says = (name, modality) == MAIN, f"{name} over {rows} alone"
            yield Metric(f"{name}/{modality}", "latent", True, says, main=main)
        says = "share of the dictionary's latents that are scored: neither dead nor too rare"
        yield Metric(f"coverage/{modality}", "latent", True, says)
        says = f"different latents that are strongest on one of the {rows} with the concept"
        yield Metric(f"spread/{modality}", "concept", None, says)


@dataclass(frozen=True)
class Monosemanticity(Task):
    """Likeness of labels weighted by activation, above directions drawn blindly; purity; spread."""

    variant: Literal["fair", "paper"] = "fair"
    """The paper's: all concepts weigh the same, and two firing pictures are enough."""
    question: ClassVar[str] = "Do the pictures on which a latent fires have something in common?"
    version: ClassVar[int] = 2
    needs: ClassVar[frozenset[Need]] = frozenset({Need.LATENTS, Need.CONCEPTS})
    fits: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("blind directions", "null", blind_directions, metrics=(*MS, *PURITY), draws=20),
        reference("rows exchanged", "null", rows_exchanged, metrics=(*MS, *PURITY), draws=20),
        reference("identity", "baseline", dense(identity), metrics=MS, of_data=True),
        reference("pca", "baseline", dense(pca), metrics=MS, shared_by=active_latents),
        reference("labels", "baseline", labels_as_latents, metrics=(*MS, *PURITY), of_data=True),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError where too few pictures are evaluated."""
        rule = PAPER if self.variant == "paper" else FAIR
        found = {modality: scored(subject, modality, rule) for modality in MODALITIES}
        units = likenesses(found)
        if wanted(subject, "purity"):
            units |= purities(subject, found)
        if wanted(subject, "excess/ms/all"):
            units |= weighed(subject, found)
        if wanted(subject, "spread/image"):
            for modality in MODALITIES:
                units |= of_dictionary(subject, modality, found[modality])
        return units


def likenesses(found: Mapping[Modality, Scored]) -> dict[str, Units]:
    """MS of the latents that are scored, and what is left of it above blind directions."""
    return by_modality(
        {
            "ms": {m: part(s.ms, s.latents) for m, s in found.items()},
            "excess/ms": {m: part(s.ms - s.blind, s.latents) for m, s in found.items()},
        }
    )


def purities(subject: Subject, found: Mapping[Modality, Scored]) -> dict[str, Units]:
    """Purity of the same latents, and what is left of it above the concept's own rate."""
    plain, over = {}, {}
    for modality, each in found.items():
        every = pure(subject, modality)
        share, base = every.share[each.latents], every.base[each.latents]
        plain[modality] = part(share, each.latents)
        over[modality] = part(share - base, each.latents)
    return by_modality({"purity": plain, "lift": over})


def weighed(subject: Subject, found: Mapping[Modality, Scored]) -> dict[str, Units]:
    """The excess over all latents of the dictionary, and over all that fires."""
    whole, fired = [], []
    for modality, each in found.items():
        latents = np.flatnonzero(there(subject, modality))
        over = np.zeros(subject.dictionary.width)
        over[each.latents] = each.ms - each.blind
        whole.append(part(over[latents], latents))
        weights = each.fires.astype(np.float64)
        fired.append(part(each.ms - each.blind, each.latents, weights))
    return {"excess/ms/all": mean_of_both(whole), "excess/ms/fired": mean_of_both(fired)}


def of_dictionary(subject: Subject, modality: Modality, each: Scored) -> dict[str, Units]:
    """How much of the dictionary is scored, and how many latents serve one concept."""
    found = {}
    latents = np.flatnonzero(there(subject, modality))
    if len(latents):
        share = np.isin(latents, each.latents).astype(np.float64)
        found[f"coverage/{modality}"] = Units(share)
    labels = subject.test.labels(modality)
    counts = spread(subject.codes("test", modality), labels)[labels.any(0)]
    if len(counts):
        found[f"spread/{modality}"] = Units(counts.astype(np.float64))
    return found
