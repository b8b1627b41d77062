"""A concept added to the embedding of a picture, which is then a query.

    x' = x + a m u

u: unit direction of the concept, m: median norm of the train rows, a: the dose; so no method pushes
harder by its scale. The dose leaves the picture what it was: the largest at which val finds the
pictures' own captions LEAST_KEPT times as well as before.

As published (the paper variant): x is what the dictionary rebuilds of the picture, the latent the
one whose mean differs most, the dose 1 whatever is lost.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float

from benchmark.contracts import Subject, Units
from benchmark.interviews.query_cases import QUERIES, Asked, Cases, cases_of
from benchmark.interviews.query_pushes import Kind, Variant, pushes
from benchmark.metrics.averages import total
from benchmark.metrics.queries import Found, asked, overlap

DOSES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.25, 1.5)
PUBLISHED_DOSE = 1.0
LEAST_KEPT = 0.8
DOSED = "doses of queries"
"""In a subject's cache: what val says of a kind of push."""
ALONE: tuple[Kind, ...] = ("own", "difference of means", "difference of captions")
"""Kinds that have a dose of their own."""


@dataclass(frozen=True, eq=False)
class Moved:
    """What became of the queries of one dose: sums over the cases of each concept.

    All but `cases` are 0 for a concept without a direction.
    """

    cases: Float[np.ndarray, " c"]
    pushed: Float[np.ndarray, " c"]
    """Cases that have a direction: all of a concept, or none."""
    images: Float[np.ndarray, " c"]
    """Rise of the average precision of pictures that show the concept."""
    captions: Float[np.ndarray, " c"]
    """The same of captions that assert it."""
    own_before: Float[np.ndarray, " c"]
    """Average precision of the picture's own captions."""
    own_after: Float[np.ndarray, " c"]
    neighbours: Float[np.ndarray, " c"]
    """Share of the nearest pictures that stay among them."""
    cosine: Float[np.ndarray, " c"]
    """Of a query and its picture."""

    @property
    def kept(self) -> float:
        """How well own captions are found over how well before; 1 where nothing was pushed."""
        before = self.own_before.sum()
        return float(self.own_after.sum() / before) if before > 0 else 1.0

    def units(self) -> dict[str, Units]:
        """Scores, a ratio of sums each; what is kept only where something was pushed."""
        gain = (self.images + self.captions) / 2
        found = {
            "gain": Units(gain, self.cases),
            "gain/images": Units(self.images, self.cases),
            "gain/captions": Units(self.captions, self.cases),
        }
        if self.own_before.any():
            found["kept/captions"] = Units(self.own_after, self.own_before)
        if self.pushed.any():
            found["kept/neighbours"] = Units(self.neighbours, self.pushed)
            found["cosine"] = Units(self.cosine, self.pushed)
            found["gain/with_latent"] = Units(gain, self.pushed)
        return found


@dataclass(frozen=True, eq=False)
class Queries:
    """A subject's queries, pushed in one kind of direction."""

    subject: Subject
    kind: Kind = "own"
    variant: Variant = "fair"

    @property
    def decoded(self) -> bool:
        """Whether pictures are what the dictionary rebuilds of them; never where data decide."""
        return self.variant == "paper" and self.kind not in ALONE[1:]

    def cases(self, split: Asked) -> Cases:
        return cases_of(self.subject, split)

    def pictures(self, split: Asked) -> Float[np.ndarray, "n d"]:
        """The row of each case before it is pushed."""
        subject = self.subject
        rows = getattr(subject, split).image
        if self.decoded:
            rows = subject.reconstruction(split, "image")
        return rows[torch.from_numpy(self.cases(split).base)].cpu().double().numpy()

    def plain(self, split: Asked) -> Found:
        """What pictures find as they are; asked once for all kinds of pushes."""
        key = (QUERIES, "plain", split, self.decoded)
        if key not in self.subject.cache:
            cases = self.cases(split)
            rows = self.pictures(split)
            self.subject.cache[key] = asked(cases.gallery, rows, cases.base, cases.concept)
        return self.subject.cache[key]

    def moved(self, split: Asked, dose: float) -> Moved:
        """What becomes of all cases of a split at a dose."""
        cases, before, rows = self.cases(split), self.plain(split), self.pictures(split)
        push, able = pushes(self.subject, split, cases, self.kind, self.variant)
        norm = float(self.subject.train.image.norm(dim=1).median())
        there = rows[able] + dose * norm * push.numpy()[able]
        after = asked(cases.gallery, there, cases.base[able], cases.concept[able])
        place, c = cases.place, len(cases.concepts)

        def summed(column: Float[np.ndarray, " a"]) -> Float[np.ndarray, " c"]:
            return total(column, place[able], c)

        return Moved(
            cases=total(np.ones(len(place)), place, c),
            pushed=summed(np.ones(len(there))),
            images=summed(after.images - before.images[able]),
            captions=summed(after.captions - before.captions[able]),
            own_before=summed(before.own[able]),
            own_after=summed(after.own),
            neighbours=summed(overlap(before.nearest[able], after.nearest)),
            cosine=summed(_cosines(rows[able], there)),
        )

    def dose(self) -> float:
        """How hard queries of this kind are pushed: as hard as the subject's own, where they have
        no dose."""
        if self.variant == "paper":
            return PUBLISHED_DOSE
        return largest(self.on_val())

    def on_val(self) -> dict[float, float]:
        """What is kept on val at rising doses, up to the first that keeps too little.

        Only the smallest is asked where no concept has a direction.
        """
        of = self if self.kind in ALONE else replace(self, kind="own")
        cache, key = self.subject.cache, (DOSED, of.kind)
        if key not in cache:
            cache[key] = of._on_val()
        return cache[key]

    def _on_val(self) -> dict[float, float]:
        found: dict[float, float] = {}
        for dose in DOSES:
            moved = self.moved("val", dose)
            found[dose] = moved.kept
            if moved.kept < LEAST_KEPT or not moved.pushed.any():
                break
        return found


def largest(kept: dict[float, float]) -> float:
    """The dose at which LEAST_KEPT is kept, on a straight line between those that were tried.

    So methods are compared where they keep as much as each other. `kept` ends with the first dose
    that keeps less, or with the last of all; a dose of 0 keeps everything.
    """
    dose, there = 0.0, 1.0
    for tried, here in kept.items():
        if here < LEAST_KEPT:
            return dose + (tried - dose) * (there - LEAST_KEPT) / (there - here)
        dose, there = tried, here
    return dose


def _cosines(a: Float[np.ndarray, "n d"], b: Float[np.ndarray, "n d"]) -> Float[np.ndarray, " n"]:
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    return np.einsum("nd,nd->n", a, b) / np.where(lengths > 0, lengths, 1.0)
