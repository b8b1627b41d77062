"""References of steering: other directions, the concept told in the prompt, the picture redrawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import numpy as np

from benchmark.contracts import Reference, Subject
from benchmark.references.changes import reference
from benchmark.steering.scored import PUSHED, REDRAWN, TOLD
from benchmark.steering.sweep import KEPT

MENTION = ("add/*", "supp/*")
REST = ("add_logit/*", "supp_logit/*", "gap/*", "add_minus_supp*", "effect/*")


def by(
    what: str,
    role: Literal["null", "baseline", "ceiling"],
    metrics: tuple[str, ...] = (*MENTION, *REST),
    name: str = "",
) -> Reference:
    """A reference whose pictures are pushed, or told of, in another way."""

    def change(subject: Subject, rng: np.random.Generator) -> Subject:
        del rng  # the subject's own streams, so that every method meets the same
        kept = {key: value for key, value in subject.cache.items() if key[0] == KEPT}
        return replace(subject, cache={**kept, (PUSHED,): what})

    return reference(name or what, role, change, metrics=metrics)


STEERED: tuple[Reference, ...] = (
    by("random direction", "null"),  # one for each case
    by("difference of means", "baseline"),
    by(TOLD, "baseline"),
    by(REDRAWN, "ceiling", MENTION),
    by(REDRAWN, "baseline", REST, f"{REDRAWN}, no bound"),
)
"""No push makes answers name a thing more often than drawing it does; logits, and differences of
effects, may go further."""
