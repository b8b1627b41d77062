"""Effects over blocks, case by case: what every score of steering is made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from jaxtyping import Bool, Float, Int

from benchmark.contracts import Units
from benchmark.statistics import estimate
from benchmark.statistics.flatness import flatness
from benchmark.statistics.interaction import interaction
from benchmark.steering.answers import Push, answers, effects
from benchmark.steering.cases import SIGNS, Case, Sign
from benchmark.steering.doses import Chosen
from benchmark.steering.gaps import DOSES, gaps
from benchmark.steering.sweep import Kind, Sweep

Yardstick = Literal["", "_logit", "/decode", "/apart", "_logit/apart", "_logit/common"]
YARDSTICKS: tuple[Yardstick, ...] = (
    "",
    "_logit",
    "/decode",
    "/apart",
    "_logit/apart",
    "_logit/common",
)
"""Mention in the answer; logit of yes less that of no; mention where writing is pushed too; the
first two with each sign at its own dose; logits with all blocks at one."""
LEAST_EFFECT = 0.1
"""Of add + supp before their ratio says anything."""


@dataclass(frozen=True, eq=False)
class Profile:
    """Of one sign on one yardstick."""

    effect: Float[np.ndarray, "n b"]
    """What it should do is positive."""
    concept: Int[np.ndarray, " n"]

    def by_concept(self) -> Float[np.ndarray, "c b"]:
        """Means over the cases of each concept, in the order of the concepts."""
        return means(self.effect, self.concept)


def means(values: Float[np.ndarray, "n ..."], concept: Int[np.ndarray, " n"]) -> np.ndarray:
    """Means over the cases of each concept."""
    return np.stack([values[concept == c].mean(0) for c in sorted(set(concept.tolist()))])


def concepts_of(cases: Sequence[Case]) -> Int[np.ndarray, " n"]:
    """The concept of each case."""
    return np.array([case.concept for case in cases], dtype=np.int64)


Profiles = dict[tuple[Sign, Yardstick], Profile]


def profiles(sweep: Sweep, kind: Kind, own: Chosen) -> Profiles:
    """Of the evaluated split, each block at its dose."""
    concept = concepts_of(sweep.cases("test"))
    found: Profiles = {}
    for sign in SIGNS:
        change = gaps(sweep, "test", sign, kind).change()
        for yardstick in YARDSTICKS:
            doses = own.doses(yardstick, sign)
            if "_logit" in yardstick:
                moved = [change[i, DOSES.index(dose)] for i, dose in enumerate(doses)]
                rows = np.stack(moved if sign == "add" else [-row for row in moved], axis=1)
            else:
                push = Push(kind, decode=yardstick == "/decode")
                said = [answers(sweep, "test", sign, push, i, d) for i, d in enumerate(doses)]
                rows = np.stack([effects(each) for each in said], axis=1)
            found[sign, yardstick] = Profile(rows, concept)
    return found


def per_block(sweep: Sweep, found: Profiles) -> Iterator[tuple[str, Units]]:
    """`add/block:l` and the like: a unit a concept."""
    for (sign, yardstick), profile in found.items():
        rows = profile.by_concept()
        for i, block in enumerate(sweep.blocks):
            yield f"{sign}{yardstick}/block:{block}", Units(rows[:, i])


def asymmetries(found: Profiles, val: Chosen) -> Iterator[tuple[str, Units]]:
    """Addition less suppression at the block where adding works best on val, and their ratio."""
    for yardstick in YARDSTICKS:
        peak = val.peak_of(yardstick)
        add, supp = (found[sign, yardstick].by_concept()[:, peak] for sign in SIGNS)
        yield f"add_minus_supp{yardstick}", Units(add - supp)
        low = estimate(Units(add + supp)).low if len(add) > 1 else None
        if low is not None and low > LEAST_EFFECT:
            yield f"asymmetry{yardstick}", Units(add - supp, add + supp)


def shapes(
    sweep: Sweep, found: Profiles, own: Chosen, rng: Callable[[], np.random.Generator]
) -> Iterator[tuple[str, Units]]:
    """Whether effects are the same at every block, and whether both signs have one shape.

    Blocks count that have a sound dose and where a push could have an effect: after the last one
    nothing reads what was pushed unless writing is pushed too. Where each sign has doses of its own
    shapes of two signs are no matter of blocks alone, and not compared.
    """
    for yardstick in YARDSTICKS:
        able = counted(sweep, own, yardstick)
        if able.sum() < 2:
            continue
        both = {sign: found[sign, yardstick] for sign in SIGNS}
        for sign, profile in both.items():
            flat = flatness(profile.effect[:, able], profile.concept)
            name = f"{sign}{yardstick}"
            yield f"spread/{name}", whole(flat.spread)
            yield f"effect/{name}", Units(profile.by_concept()[:, able].mean(1))
            for bound, value in (("low", flat.low), ("high", flat.high)):
                if value is not None:
                    yield f"share/{name}/{bound}", whole(value)
        if "apart" in yardstick:
            continue
        tested = interaction(
            both["add"].effect[:, able],
            both["supp"].effect[:, able],
            add_concept=both["add"].concept,
            supp_concept=both["supp"].concept,
            rng=rng(),
        )
        if tested.p is not None:
            yield f"interaction{yardstick}/p", whole(tested.p)


def counted(sweep: Sweep, own: Chosen, yardstick: Yardstick) -> Bool[np.ndarray, " b"]:
    """Blocks where a push could have an effect, and has a sound dose."""
    if yardstick == "/decode":
        return np.array(own.sound_written)
    return np.array(sweep.read_later) & np.array(own.sound)


def whole(value: float) -> Units:
    """A number of all concepts together, which has no interval of its own."""
    return Units(np.array([float(value)]))
