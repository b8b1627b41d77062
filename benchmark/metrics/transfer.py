"""Does a latent chosen in one modality know the concept in the other?"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from benchmark.contracts import Modality, NotApplicableError, Subject
from benchmark.metrics.sides import frequent, side

LEAST = 5
"""Positives and negatives that a concept needs on train and on the evaluated rows."""


def transfer(subject: Subject) -> Mapping[str, Float[np.ndarray, " c"]]:
    """AUC of the aligned partner per concept, by direction; the same concepts for every method.

    t2i: the best latent on train captions, scored on the evaluated images; i2t the converse. A
    partner that does not exist is silent: AUC one half.
    Raises NotApplicableError where no concept is frequent enough to be scored.
    """
    kept = frequent(subject, ("train", "test"), LEAST)
    if not kept.any():
        raise NotApplicableError(
            f"none of {len(kept)} concepts has {LEAST} positives and {LEAST} negatives in the "
            "images and captions of train and of the evaluated rows: transfer needs more examples"
        )
    return {
        "t2i": _partner(subject, "text", "image")[kept],
        "i2t": _partner(subject, "image", "text")[kept],
    }


def _partner(subject: Subject, source: Modality, target: Modality) -> Float[np.ndarray, " c"]:
    chosen, _ = side(subject, "train", source).best()
    return side(subject, "test", target).of(chosen)
