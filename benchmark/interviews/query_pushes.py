"""Which way a query is pushed for a concept: along its latent, or along what stands against it."""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.contracts import Modality, Subject
from benchmark.interviews.directions import Directions, named_directions, of_others, unit
from benchmark.interviews.query_cases import Asked, Cases
from benchmark.interviews.rows import mean_differences, showing
from benchmark.metrics.classes import things_of

Kind = Literal[
    "own",
    "random direction",
    "wrong concept",
    "difference of means",
    "difference of captions",
]
Variant = Literal["fair", "paper"]
SIDES: dict[str, Modality] = {"difference of means": "image", "difference of captions": "text"}
"""Labelled directions: mean row of train with the concept less the mean row, of a modality."""


def pushes(
    subject: Subject, split: Asked, cases: Cases, kind: Kind, variant: Variant
) -> tuple[Float[Tensor, "n d"], Bool[np.ndarray, " n"]]:
    """The unit push of each case, and whether it has one: rows of zeros where it has none."""
    d = subject.train.image.shape[1]
    if kind == "random direction":
        drawn = subject.rng(f"queries/random/{split}").standard_normal((len(cases.base), d))
        return normalize(torch.from_numpy(drawn), dim=1), np.ones(len(cases.base), dtype=bool)
    found = directions(subject, kind, variant)
    table = torch.zeros(len(cases.concepts), d, dtype=torch.float64)
    for place, concept in enumerate(cases.concepts):
        if concept in found:
            table[place] = found[concept].double()
    able = np.isin(cases.concept, list(found))
    return table[torch.from_numpy(cases.place)], able


def directions(subject: Subject, kind: Kind, variant: Variant) -> Directions:
    """A unit direction for each thing that has one; chosen and taken on train and val alone."""
    things = things_of(subject)
    if kind in SIDES:
        side, train = SIDES[kind], subject.train
        rows = showing(train.labels(side), things)
        return unit(mean_differences(train.rows(side), rows))
    own = published(subject) if variant == "paper" else named_directions(subject, things)
    if kind == "wrong concept":
        return of_others(own, subject.rng("queries/wrong concepts"))
    return own


def published(subject: Subject) -> Directions:
    """As published: of the text latent whose mean on train captions with the concept is furthest
    above that on those without, the aligned image direction."""
    told = subject.train.labels("text")
    codes = subject.codes("train", "text").csr()
    rows = subject.dictionary.directions("image").detach().cpu().float()
    found = {}
    for concept in things_of(subject):
        positive = told[:, concept]
        if positive.any() and not positive.all():
            weight = np.where(positive, 1 / positive.sum(), -1 / (~positive).sum())
            found[concept] = rows[int((weight @ codes).argmax())]
    return unit(found)
