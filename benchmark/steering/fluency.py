"""Whether steered answers are still good language: to the unedited model, and by their words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from benchmark.interviews.room import AT_ONCE
from benchmark.steering.answers import Told
from benchmark.steering.cases import N_CASES, Asked, Case, Sign, first_of_each
from benchmark.steering.sweep import Sweep


def some(told: Sequence[Told]) -> list[Told]:
    """The first cases of each concept, as many as val has: enough for a mean over concepts."""
    return first_of_each(told, N_CASES["val"], lambda each: each.case)


def perplexities(
    sweep: Sweep, split: Asked, told: Sequence[Told]
) -> tuple[Float[np.ndarray, " n"], Float[np.ndarray, " n"]]:
    """Of each answer before and after; all cases are of one sign."""
    cases, sign = [each.case for each in told], told[0].sign
    before, after = [t.before.said for t in told], [t.after.said for t in told]
    return (
        perplexity(sweep, split, cases, sign, before),
        perplexity(sweep, split, cases, sign, after),
    )


def perplexity(
    sweep: Sweep, split: Asked, cases: Sequence[Case], sign: Sign, said: Sequence[str]
) -> Float[np.ndarray, " n"]:
    """Of an answer about each case, to the unedited model with the same picture."""
    room = sweep.room

    def make() -> list[str]:
        found: list[str] = []
        for start in range(0, len(cases), AT_ONCE):
            part = slice(start, start + AT_ONCE)
            pictures = sweep.shown(split, sign, cases[part])
            asked = room.speaker.ask(pictures, [room.question] * len(pictures))
            spoken = room.speaker.spoken(asked, said[part])
            found += [repr(float(x)) for x in (spoken.loss / spoken.tokens).double().exp()]
        return found

    facts = {
        "perplexity": room.question,
        "backend": [room.speaker.name, room.speaker.revision],
        "answers": list(said),
        **sweep.told_apart(split, sign, cases),
    }
    return np.array([float(text) for text in room.recall(facts, make)])
