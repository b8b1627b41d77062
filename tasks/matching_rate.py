"""Whether latents that text gave a name speak up where a picture shows what they are called."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
from jaxtyping import Bool, Int

from benchmark.alignment.coactivation import alive, firings
from benchmark.contracts import Metric, Need, NotApplicableError, Reference, Subject, Task, Units
from benchmark.metrics.matching import COMMON, TOP, Named, most_common, rare, scales, strongest
from benchmark.metrics.naming import UNNAMED, names_of
from benchmark.references.changes import PATCHED, reference, unpatched, wanted
from benchmark.references.names import SPOKE, names_exchanged, other_pictures, own_captions

PLAIN = ("precision@3", "any@3", "distinct@3")
MATCHES = (*PLAIN, "excess/*")
KIND = "precision@3/"


def _metrics() -> Iterator[Metric]:
    three = f"the {TOP} strongest rare latents of each picture"
    says = f"names of {three} that are right, over {TOP}, less what they get on other pictures"
    yield Metric("excess/precision@3", "image", True, says, main=True)
    says = f"names of {three} that are right, over {TOP}; a latent without a name is wrong"
    yield Metric("precision@3", "image", True, says)
    yield Metric("any@3", "image", True, "whether one of these names is right (the papers' rate)")
    yield Metric("distinct@3", "image", True, f"different right names over {TOP}")
    yield Metric(f"{KIND}*", "image", None, "what names of this kind give of precision@3")
    yield Metric("named@3", "image", None, f"how many of the {TOP} have a name, over {TOP}")
    yield Metric("silent@3", "image", False, f"how many of the {TOP} do not fire, over {TOP}")
    says = "share of latents alive on captions that text gave a name"
    yield Metric("named/latents", "latent", None, says)
    yield Metric("named/concepts", "concept", True, "share of concepts that name a latent")
    says = "share of the latents that fire on train images which are left out"
    yield Metric("common/latents", "latent", None, says)


@dataclass(frozen=True)
class MatchingRate(Task):
    """Names from captions alone, held against pictures."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Do text-given names of latents tell what is in a picture?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.LATENTS, Need.CONCEPTS})
    fits: ClassVar[bool] = True
    tunes: ClassVar[bool] = True
    metrics: ClassVar[tuple[Metric, ...]] = tuple(_metrics())
    references: ClassVar[tuple[Reference, ...]] = (
        reference("other picture", "null", other_pictures, metrics=MATCHES, draws=20),
        reference("names exchanged", "null", names_exchanged, metrics=MATCHES, draws=20),
        reference("own captions", "baseline", own_captions, metrics=MATCHES),
        reference("unpatched", "baseline", unpatched, metrics=MATCHES, needs=PATCHED),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        """Raises NotApplicableError for a single picture.

        Of a dictionary that never fires, or fires everywhere, nothing is right: `silent@3` is 1.
        """
        names, test = names_of(subject), subject.test.concepts
        assert test is not None
        if len(test.image) < 2:
            raise NotApplicableError("a single picture: names need another one to be wrong on")
        key = (SPOKE, self.variant)
        if key not in subject.cache:
            subject.cache[key] = self._spoke(subject)
        allowed, latents = subject.cache[key]
        concept = np.where(latents < 0, UNNAMED, names.concept[np.maximum(latents, 0)])
        found = Named(concept, test.image)
        matches = {
            "precision@3": found.precision(),
            "any@3": found.any(),
            "distinct@3": found.distinct(),
            "excess/precision@3": found.precision() - found.elsewhere(),
        }
        units = {name: Units(values) for name, values in matches.items()}
        if not wanted(subject, "named/latents"):
            return units
        units["named@3"] = Units((concept != UNNAMED).mean(1))
        units["silent@3"] = Units((latents < 0).mean(1))
        return units | by_kind(found, test.kinds) | latents_of(subject, allowed)

    def _spoke(self, subject: Subject) -> tuple[Bool[np.ndarray, " w"], Int[np.ndarray, "n k"]]:
        """Latents that can single a picture out, and the three strongest of each picture.

        For the papers those have a name, and are compared by raw strength.
        """
        codes, concepts = subject.codes("train", "image"), subject.train.concepts
        assert concepts is not None
        paper = self.variant == "paper"
        most = COMMON if paper else most_common(concepts.image)
        allowed = rare(codes, most)
        if paper:
            allowed = allowed & names_of(subject).named
        scale = np.ones(len(allowed)) if paper else scales(codes)
        return allowed, strongest(subject.codes("test", "image"), scale, allowed, TOP)


def latents_of(subject: Subject, allowed: Bool[np.ndarray, " w"]) -> dict[str, Units]:
    """How many latents text gave a name, how many concepts they cover, and how many are common."""
    names, concepts = names_of(subject), subject.test.concepts
    assert concepts is not None
    every = np.arange(len(concepts.names))
    found = {"named/concepts": Units(np.isin(every, names.concept).astype(np.float64))}
    living = alive(subject.codes("train", "text"))
    if living.any():
        found["named/latents"] = Units(names.named[living].astype(np.float64))
    fires = firings(subject.codes("train", "image")) > 0
    if fires.any():
        found["common/latents"] = Units((~allowed)[fires].astype(np.float64))
    return found


def by_kind(found: Named, kinds: Sequence[str]) -> dict[str, Units]:
    """The part of precision that right names of each kind give."""
    said = np.array(kinds)[np.maximum(found.concept, 0)]
    return {
        f"{KIND}{kind}": Units((found.right & (said == kind)).mean(1))
        for kind in dict.fromkeys(kinds)
    }
