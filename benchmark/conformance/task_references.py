"""What a task's references promise: changed copies, drawn only where they say so."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator

import numpy as np

from benchmark.conformance.promises import Finding, Promise, note
from benchmark.conformance.task_scores import (
    SCORES,
    UNITS,
    UNTOUCHED,
    malformed,
    touched,
    undeclared,
)
from benchmark.conformance.task_source import REFERENCES
from benchmark.conformance.task_world import OFFERED, TaskCase, artifact, scored, subject, value
from benchmark.conformance.tiny_world import world
from benchmark.contracts import Reference, Subject, derived_seed
from benchmark.references.changes import WANTED

APPLY = "references return a changed copy that can be scored"
KEEP = "references leave the subject, and the codes it keeps, as they were"
DRAWN = "references depend on their generator alone, and on it only where they are drawn"
OF_DATA = "references that several methods share depend on no more of them"


def applicable(case: TaskCase) -> Iterator[Reference]:
    yield from (r for r in case.task.references if r.needs <= OFFERED)


def generator(draw: int) -> np.random.Generator:
    return np.random.default_rng(derived_seed("check reference", draw))


def values(case: TaskCase, reference: Reference, on: Subject, draw: int) -> dict[str, float]:
    """What one draw of a reference scores."""
    found = scored(case.task, reference.apply(on, generator(draw)))
    return {name: value(units) for name, units in found.items()}


def apply(case: TaskCase) -> Iterator[Finding]:
    for reference in applicable(case):
        ours = subject()
        other = reference.apply(ours, generator(0))
        if not isinstance(other, Subject) or other is ours:
            what = "the subject itself" if other is ours else type(other).__name__
            yield Finding(
                f"{reference.name} returned {what}, wanted a changed copy (subject.with_)"
            )
            continue
        if other.cache.get(WANTED) == ():
            yield note(f"{reference.name} is not made on the tiny world")
            continue
        found = scored(case.task, other)
        for each in undeclared(case, found, next(iter(found), case.main)):
            if each.fault:
                yield Finding(f"{reference.name}: {each.text}")
        for each in malformed(found):
            yield Finding(f"{reference.name}: {each.text}")
        if not any(_speaks(reference, name) for name in found):
            yield Finding(f"{reference.name} scores nothing of {', '.join(reference.metrics)}")


def keep(case: TaskCase) -> Iterator[Finding]:
    """A subject that was scored before is scored the same after each reference was drawn on it."""
    for reference in applicable(case):
        ours = subject()
        first = scored(case.task, ours)
        before = {name: each.numerator.copy() for name, each in first.items()}
        scored(case.task, reference.apply(ours, generator(0)))
        yield from touched(ours, subject(), reference.name)
        after = scored(case.task, ours)
        for name, old in before.items():
            if name not in after or not np.array_equal(old, after[name].numerator):
                yield Finding(f"{reference.name} changed {name} of the subject it was drawn on")


def drawn(case: TaskCase) -> Iterator[Finding]:
    for reference in applicable(case):
        first = values(case, reference, subject(), 0)
        used = subject()
        scored(case.task, used)
        if values(case, reference, used, 0) != first:
            yield Finding(
                f"{reference.name} scores differ with one generator: draw from the one it is given"
            )
            continue
        differs = values(case, reference, subject(), 1) != first
        if differs and reference.draws == 1:
            yield Finding(f"{reference.name} draws at random but only once: set draws=20")
        if not differs and reference.draws > 1:
            yield Finding(
                f"{reference.name} is drawn {reference.draws} times and always the same: use rng"
            )


def of_data(case: TaskCase) -> Iterator[Finding]:
    for reference in applicable(case):
        ours = subject()
        other = ours.with_(artifact=artifact(world(), seed=9), siblings=())
        shared = reference.shares(ours)
        if shared is None or shared != reference.shares(other):
            continue
        one, two = (values(case, reference, each, 0) for each in (ours, other))
        names = [n for n in sorted(one.keys() | two.keys()) if _speaks(reference, n)]
        bad = [n for n in names if one.get(n) != two.get(n)]
        if bad:
            says = "of_data" if reference.of_data else f"shared_by {shared}"
            yield Finding(
                f"{reference.name} says {says}, but {', '.join(bad)} depends on the dictionary"
            )


def _speaks(reference: Reference, name: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for pattern in reference.metrics)


_WHOLE = (SCORES, UNITS, UNTOUCHED, REFERENCES)
PROMISES: tuple[Promise[TaskCase], ...] = (
    Promise(APPLY, apply, _WHOLE),
    Promise(KEEP, keep, (*_WHOLE, APPLY)),
    Promise(DRAWN, drawn, (*_WHOLE, APPLY)),
    Promise(OF_DATA, of_data, (*_WHOLE, APPLY)),
)
