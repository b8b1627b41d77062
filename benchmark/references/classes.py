"""Null of whatever is told apart by what texts say of classes: names that belong to others."""

from __future__ import annotations

import numpy as np

from benchmark.contracts import Subject
from benchmark.metrics.zero_shot import GUESSES, ORDER, asked_of
from benchmark.references.changes import CODES, inheriting


def classes_shuffled(subject: Subject, rng: np.random.Generator) -> Subject:
    """Every class gets the prototype of a class drawn at random, each of them once."""
    asked, _ = asked_of(subject)
    found = inheriting(subject, (*CODES, GUESSES))
    found.cache[ORDER] = rng.permutation(len(asked.classes))
    return found
