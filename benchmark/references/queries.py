"""References of steered queries: other directions of the same length, and labelled ones."""

from __future__ import annotations

from typing import Literal

import numpy as np

from benchmark.contracts import Reference, Subject
from benchmark.interviews.queries import DOSED
from benchmark.interviews.query_cases import QUERIES
from benchmark.interviews.query_pushes import Kind
from benchmark.metrics.naming import NAMES
from benchmark.references.changes import CODES, inheriting, reference

PUSHED = ("direction of queries",)
"""In a subject's cache: which directions a reference asks for."""
SCORES = ("gain", "gain/images", "gain/captions", "kept/captions", "kept/neighbours", "cosine")


def by(kind: Kind, role: Literal["null", "baseline"], *, of_data: bool = False) -> Reference:
    """A reference that pushes another way; the same cases, and its own dose only if it is of data
    alone."""

    def change(subject: Subject, rng: np.random.Generator) -> Subject:
        del rng  # the subject's own streams, so that every method meets the same
        found = inheriting(subject, (*CODES, *NAMES, QUERIES, DOSED))
        found.cache[PUSHED] = kind
        return found

    return reference(kind, role, change, metrics=SCORES, of_data=of_data)


STEERED_QUERIES: tuple[Reference, ...] = (
    by("random direction", "null"),  # one for each case
    by("wrong concept", "null"),
    by("difference of means", "baseline", of_data=True),
    by("difference of captions", "baseline", of_data=True),
)


def pushed(subject: Subject) -> Kind:
    """Which directions are asked of the subject."""
    return subject.cache.get(PUSHED, "own")
