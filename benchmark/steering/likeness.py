"""How much liker steered answers are to a sentence about the concept, where an encoder is there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.util import find_spec

import numpy as np
from jaxtyping import Float

from benchmark.judges.likeness import PACKAGED, Likeness, sentence_encoder
from benchmark.steering.cases import Case
from benchmark.steering.sweep import Sweep

ENCODER = next(iter(PACKAGED))
"""The papers' encoder, from the extra `sentences`."""


@lru_cache(maxsize=1)
def encoder() -> Likeness | None:
    """The encoder of sentences; None where the extra is not installed."""
    if any(find_spec(name) is None for name in ("sentence_transformers", PACKAGED[ENCODER][0])):
        return None
    return Likeness(sentence_encoder(ENCODER))


def similarity_gain(
    sweep: Sweep, cases: Sequence[Case], before: Sequence[str], after: Sequence[str]
) -> Float[np.ndarray, " n"] | None:
    """cos(after, target) - cos(before, target), the target saying that the concept is there."""
    found = encoder()
    if found is None:
        return None
    examples = sweep.pictures["test"]
    targets = [examples.statement(case.concept, present=True) for case in cases]
    return found.gain(before, after, targets)
