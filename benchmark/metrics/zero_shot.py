"""Pictures against prototypes of classes by cosine of codes, and where the right class stands."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int

from benchmark.alignment.coactivation import firings
from benchmark.contracts import MODALITIES, SparseCodes, Subject
from benchmark.metrics.classes import Sorted, sorted_pictures, things_of
from benchmark.metrics.prototypes import prototypes, said_of
from benchmark.metrics.ranking import Standing
from benchmark.metrics.similarity import Millionths, blocks, unit_rows

COMMON = 0.5
"""Share of train rows of a modality above which a latent says nothing about one of them."""
GUESSES, ORDER = "guesses", ("order of classes",)
"""In a subject's cache: cosines of pictures and prototypes; which prototype each class has."""


@dataclass(frozen=True, eq=False)
class Guesses:
    """How near each picture's code is to that of each class."""

    scores: Int[np.ndarray, "n k"]
    """Cosines in millionths."""
    label: Int[np.ndarray, " n"]

    @property
    def classes(self) -> int:
        return self.scores.shape[1]

    def standing(self) -> Standing:
        """Where the class of each picture stands among all."""
        own = np.take_along_axis(self.scores, self.label[:, None], axis=1)
        above, tied = (self.scores > own).sum(1), (self.scores == own).sum(1)
        return Standing(above, tied, np.ones_like(tied))

    def first_hit(self, k: int) -> Float[np.ndarray, " n"]:
        """Whether fewer than k classes come first where of tied ones the lowest index does."""
        own = np.take_along_axis(self.scores, self.label[:, None], axis=1)
        earlier = np.arange(self.classes) < self.label[:, None]
        before = (self.scores > own) | ((self.scores == own) & earlier)
        return (before.sum(1) < k).astype(np.float64)

    def by_class(
        self, values: Float[np.ndarray, " n"]
    ) -> tuple[Float[np.ndarray, " c"], Float[np.ndarray, " c"]]:
        """Sum over the pictures of each class that has any, and how many these are."""
        count = np.bincount(self.label, minlength=self.classes)
        total = np.bincount(self.label, weights=values, minlength=self.classes)
        return total[count > 0], count[count > 0].astype(np.float64)


def guesses(subject: Subject, *, filtered: bool = False) -> Guesses:
    """Every picture of one thing against every class; computed once.

    Filtered, latents that fire on most train rows are left out of both codes. Raises
    NotApplicableError where there are no classes, or no pictures of them.
    """
    key = (GUESSES, filtered)
    if key not in subject.cache:
        subject.cache[key] = _guesses(subject, filtered)
    found: Guesses = subject.cache[key]
    order = subject.cache.get(ORDER)
    return found if order is None else Guesses(found.scores[:, order], found.label)


def _guesses(subject: Subject, filtered: bool) -> Guesses:
    asked, classes = asked_of(subject)
    pictures = subject.codes("test", "image")[torch.from_numpy(asked.picture)]
    if filtered:
        left_out = torch.from_numpy(common(subject))
        pictures, classes = pictures.without(left_out), classes.without(left_out)
    return Guesses(cosines(pictures, classes), asked.label)


def asked_of(subject: Subject) -> tuple[Sorted, SparseCodes]:
    """The pictures that are sorted, the same for every method, and the codes of the classes."""
    key = (GUESSES, "asked")
    if key not in subject.cache:
        things = things_of(subject)
        said = said_of(subject, things)
        asked = sorted_pictures(subject.test.labels("image"), things, said.classes)
        subject.cache[key] = asked, prototypes(subject, said)
    return subject.cache[key]


def cosines(pictures: SparseCodes, classes: SparseCodes) -> Millionths:
    """[n, k] in millionths; 0 with an empty code."""
    parts = [part for _, part in blocks(unit_rows(pictures), unit_rows(classes))]
    return np.concatenate(parts)


def common(subject: Subject) -> Bool[np.ndarray, " w"]:
    """Latents that fire on more than half of the train images, or of the train captions."""
    key = (GUESSES, "common")
    if key not in subject.cache:
        rates = [
            firings(codes) / len(codes) for codes in (subject.codes("train", m) for m in MODALITIES)
        ]
        subject.cache[key] = np.max(rates, axis=0) > COMMON
    return subject.cache[key]
