"""How hard to push at each block: chosen on val, one dose for both signs.

Of all doses the largest that is sound: the model still answers yes or no when it is asked so, its
lists can be read and still have the other things, and a random direction of the same length
moves neither its answers nor its yes and no. The control keeps the dose below that at which any
push would do, so that blocks are compared where a direction is what matters.

Suppressing meets that bound first (any large push wipes out what a patch shows, no random one adds
a thing), so each sign has its own largest sound dose beside.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from benchmark.steering.answers import Push, answers, effects, kept, parsed
from benchmark.steering.cases import SIGNS, Sign
from benchmark.steering.gaps import DOSES, gaps
from benchmark.steering.sweep import Kind, Sweep

MASS, PARSED, LEAST_KEPT, BY_CHANCE = 0.95, 0.95, 0.9, 0.05
"""Least share of the unedited mass on yes and no; least share of answers that are read; least
share of other things kept; most that a random direction may do."""


@dataclass(frozen=True)
class Chosen:
    """What val says of each block. The smallest dose of all stands where none is sound."""

    dose: tuple[float, ...]
    """The largest that is sound for both signs."""
    sound: tuple[bool, ...]
    """Whether there is one."""
    written: tuple[float, ...]
    """The largest, no larger than that, which is sound where every written token is pushed too."""
    sound_written: tuple[bool, ...]
    apart: Mapping[Sign, tuple[float, ...]]
    """The largest that is sound for one sign."""
    peak: int
    """Place of the block where adding works best on val at its dose: by mention, of equal ones by
    how much surer the model is of yes, the first of those."""
    peak_written: int
    peak_apart: int
    """The same with the other doses."""
    common: float
    """The largest dose that is sound, by yes and no alone, at every block; else the smallest."""

    def doses(self, yardstick: str, sign: Sign) -> tuple[float, ...]:
        """What is pushed at each block for a yardstick."""
        if "common" in yardstick:
            return (self.common,) * len(self.dose)
        if "apart" in yardstick:
            return self.apart[sign]
        return self.written if "decode" in yardstick else self.dose

    def peak_of(self, yardstick: str) -> int:
        """Where adding works best with these doses."""
        if "apart" in yardstick:
            return self.peak_apart
        return self.peak_written if "decode" in yardstick else self.peak


def chosen(sweep: Sweep, kind: Kind) -> Chosen:
    """The doses of a kind of direction, once."""
    return sweep.kept(("chosen", kind), lambda: _chosen(sweep, kind))


def _chosen(sweep: Sweep, kind: Kind) -> Chosen:
    likely = {sign: _fluent(sweep, kind, sign) & _by_chance(sweep, sign) for sign in SIGNS}
    push, writing = Push(kind), Push(kind, decode=True)
    apart = {
        sign: [_largest(sweep, push, (sign,), i, row) for i, row in enumerate(likely[sign])]
        for sign in SIGNS
    }
    both, written = [], []
    for i in range(len(sweep.blocks)):
        able = likely["add"][i] & likely["supp"][i]
        places = [apart[sign][i] for sign in SIGNS]
        least = -1 if None in places else min(j for j in places if j is not None)
        both.append(_largest(sweep, push, SIGNS, i, able & _up_to(least)))
        written.append(_largest(sweep, writing, SIGNS, i, able & _up_to(both[i] or 0)))
    doses, pushed = (tuple(DOSES[j or 0] for j in places) for places in (both, written))
    own = {sign: tuple(DOSES[j or 0] for j in places) for sign, places in apart.items()}
    everywhere = np.flatnonzero(np.all([each.all(0) for each in likely.values()], axis=0))
    return Chosen(
        dose=doses,
        sound=tuple(j is not None for j in both),
        written=pushed,
        sound_written=tuple(j is not None for j in written),
        apart=own,
        peak=_peak(sweep, push, doses),
        peak_written=_peak(sweep, writing, pushed),
        peak_apart=_peak(sweep, push, own["add"]),
        common=DOSES[int(everywhere[-1]) if len(everywhere) else 0],
    )


def _up_to(place: int) -> Bool[np.ndarray, " a"]:
    return np.arange(len(DOSES)) <= place


def _peak(sweep: Sweep, push: Push, doses: Sequence[float]) -> int:
    """Place of the block where adding works best on val, each at its dose."""
    surer = gaps(sweep, "val", "add", push.kind).surer().mean(2)
    found = [
        (
            float(effects(answers(sweep, "val", "add", push, i, dose)).mean()),
            float(surer[i, DOSES.index(dose)]),
            -i,
        )
        for i, dose in enumerate(doses)
    ]
    return found.index(max(found))


def _largest(
    sweep: Sweep, push: Push, signs: tuple[Sign, ...], i: int, likely: Bool[np.ndarray, " a"]
) -> int | None:
    """Place of the largest likely dose at which answers stay what they should be, from above."""
    tries = reversed(np.flatnonzero(likely).tolist())
    return next((j for j in tries if all(_holds(sweep, push, s, i, DOSES[j]) for s in signs)), None)


def _fluent(sweep: Sweep, kind: Kind, sign: Sign) -> Bool[np.ndarray, "b a"]:
    """Blocks and doses at which the first token is still yes or no."""
    found = gaps(sweep, "val", sign, kind)
    return found.pushed_mass.mean(2) >= MASS * found.plain_mass.mean()


def _by_chance(sweep: Sweep, sign: Sign) -> Bool[np.ndarray, "b a"]:
    """Blocks and doses at which a random direction moves yes against no by little, either way."""
    return abs(gaps(sweep, "val", sign, "random direction").surer().mean(2)) <= BY_CHANCE


def _holds(sweep: Sweep, push: Push, sign: Sign, i: int, dose: float) -> bool:
    """Whether answers can be read, keep other things, and are moved by no random direction."""
    said = answers(sweep, "val", sign, push, i, dose)
    if parsed(said) < PARSED or kept(said) < LEAST_KEPT:
        return False
    control = Push("random direction", push.decode)
    at_random = answers(sweep, "val", sign, control, i, dose)
    return parsed(at_random) >= PARSED and abs(float(effects(at_random).mean())) <= BY_CHANCE
