"""One case of each sign at the block where adding works best, and what growing doses do there."""

from __future__ import annotations

import numpy as np

from benchmark.contracts import Chart, Curve, Exhibit, Exhibited, Subject, Units
from benchmark.steering.answers import Push, at_every_dose
from benchmark.steering.cases import SIGNS, Sign
from benchmark.steering.doses import chosen
from benchmark.steering.gaps import DOSES, gaps, known
from benchmark.steering.profiles import concepts_of, means
from benchmark.steering.sweep import Kind, Sweep

KINDS: dict[Kind, str] = {
    "own": "latents named by text",
    "difference of means": "difference of means",
    "random direction": "random direction",
}
WORDS: dict[Sign, str] = {"add": "adding", "supp": "suppressing"}


def exhibit_of(subject: Subject) -> Exhibit | None:
    """None where no concept has a direction at that block."""
    sweep = Sweep(subject)
    val = chosen(sweep, "own")
    i, dose = val.peak, val.dose[val.peak]
    able = np.flatnonzero(known(sweep, sweep.cases("test"), "own", i))
    if not len(able):
        return None
    return Exhibit(
        cases=tuple(_case(sweep, sign, i, dose, able) for sign in SIGNS),
        charts=tuple(_chart(sweep, sign, i, dose) for sign in SIGNS),
    )


def _case(sweep: Sweep, sign: Sign, i: int, dose: float, able: np.ndarray) -> Exhibited:
    """Of the cases that can be pushed the one whose yes against no changes by the median."""
    found, at = gaps(sweep, "test", sign, "own"), DOSES.index(dose)
    order = able[np.argsort(found.change()[i, at, able], kind="stable")]
    k = int(order[len(order) // 2])
    case = sweep.cases("test")[k]
    examples = sweep.pictures["test"]
    name = examples.names(case.concept)[0]
    said = at_every_dose(sweep, "test", sign, Push("own"), i, k)
    before, after = found.plain[k], found.pushed[i, at, k]
    return Exhibited(
        title=f"median: {WORDS[sign]} {name}, block {sweep.blocks[i]}",
        lines=(
            f"yes − no: {before:+.1f}, when pushed: {after:+.1f}",
            f"before: {said[0].before.said or '(nothing)'}",
            *(
                f"× {x:g}{' (chosen)' if x == dose else ''}: {each.after.said or '(nothing)'}"
                for x, each in zip(DOSES, said, strict=True)
            ),
        ),
        picture=sweep.shown("test", sign, [case])[0],
        boxes=(examples.rooms(case.picture)[case.room],),
    )


def _chart(sweep: Sweep, sign: Sign, i: int, dose: float) -> Chart:
    """Change of yes against no over doses, of the method and of what stands beside it."""
    return Chart(
        tuple(_curve(sweep, sign, kind, i) for kind in KINDS),
        over="push over the median norm of image tokens",
        score=f"change of logit yes − no, {WORDS[sign]}",
        chosen=dose,
        shares=False,
    )


def _curve(sweep: Sweep, sign: Sign, kind: Kind, i: int) -> Curve:
    concept = concepts_of(sweep.cases("test"))
    rows = means(gaps(sweep, "test", sign, kind).change()[i].T, concept)
    return Curve(KINDS[kind], DOSES, tuple(Units(rows[:, j]) for j in range(len(DOSES))))
