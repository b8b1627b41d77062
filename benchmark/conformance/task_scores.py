"""What a task's scores promise: whole units that depend on the subject and on nothing else."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from benchmark.conformance.fit_runs import changed
from benchmark.conformance.promises import Finding, Promise, note
from benchmark.conformance.task_source import CONFIGURATION, METRICS
from benchmark.conformance.task_world import (
    Scores,
    TaskCase,
    elsewhere,
    mute,
    scored,
    subject,
)
from benchmark.contracts import NotApplicableError, Subject, Units
from benchmark.sae.checkpoints import digest

SCORES = "scores what it declares, the main metric always"
UNITS = "returns numbers unit by unit"
REPEATS = "scores alike each time"
UNTOUCHED = "leaves the subject as it was"
BATCHES = "does not depend on the batch size"
SCALE = "does not depend on the units of the activations"
FITTED = "says so if its main score depends on train or val"
DEAD = "scores a dictionary that never fires, or says in a line why not"
PAPER = "scores the paper's variant too, or says in a line why not"
INSTEAD = "leave it out, or if it is the main one raise a ValueError that says why there is none"
TOLERANCE = 1e-5
IN_UNITS = "original units"
"""Words by which a metric says that it moves with the scale of the data."""


def scores(case: TaskCase) -> Iterator[Finding]:
    yield from undeclared(case, case.scores, case.main)


def undeclared(case: TaskCase, found: Any, main: str) -> Iterator[Finding]:
    """What is wrong with the names that a task returned."""
    if not isinstance(found, Mapping):
        yield Finding(f"score returned {type(found).__name__}, wanted metrics and their Units")
        return
    names = [metric.name for metric in case.task.metrics]
    for name in found:
        if not any(name == own or fnmatch.fnmatchcase(name, own) for own in names):
            yield Finding(f"score returned {name}, which is declared nowhere: add it to metrics")
    if main not in found:
        yield Finding(f"score left out its main metric {main}")
    missing = [n for n in names if not any(fnmatch.fnmatchcase(name, n) for name in found)]
    if missing:
        yield note(f"not scored on the tiny world: {', '.join(missing)}")


def units(case: TaskCase) -> Iterator[Finding]:
    yield from malformed(case.scores)


def malformed(found: Scores) -> Iterator[Finding]:
    """Everything that `Units` promises and these break."""
    for name, each in found.items():
        if not isinstance(each, Units):
            kind = type(each).__name__
            yield Finding(f"{name} is {kind}, wanted Units: one number a unit, no mean of them")
            continue
        columns = {"numerator": each.numerator, "denominator": each.denominator}
        n = len(np.atleast_1d(each.numerator))
        if not n:
            yield Finding(f"{name} has no units: {INSTEAD}")
            continue
        for what, column in columns.items():
            if column is not None:
                yield from misfit(name, what, column, n)
        bottom = each.denominator
        if isinstance(bottom, np.ndarray) and each.value is None:
            if bool((bottom < 0).any()):
                yield Finding(f"{name} has denominators below 0")
            elif bottom.sum() == 0:
                yield Finding(f"{name} has denominators that are all 0: {INSTEAD}")
        cluster = each.cluster
        if cluster is not None and (cluster.shape != (n,) or cluster.dtype.kind not in "iu"):
            shape = f"{cluster.dtype}{list(cluster.shape)}"
            yield Finding(f"{name} has clusters {shape}, wanted {n} whole numbers")


def misfit(name: str, what: str, column: Any, n: int) -> Iterator[Finding]:
    """What is wrong with one column of units."""
    if not isinstance(column, np.ndarray) or column.dtype.kind != "f":
        kind = getattr(column, "dtype", type(column).__name__)
        yield Finding(f"{name} has a {what} of {kind}, wanted a float array")
    elif column.shape != (n,):
        yield Finding(f"{name} has a {what} of shape {column.shape}, wanted ({n},)")
    elif not np.isfinite(column).all():
        bad = int((~np.isfinite(column)).sum())
        yield Finding(f"{name} has {bad} {what}s that are NaN or infinite, wanted finite numbers")


def repeats(case: TaskCase) -> Iterator[Finding]:
    again = scored(case.task, subject(), noise=77)
    for name in sorted(case.scores.keys() | again.keys()):
        if name not in again or name not in case.scores:
            yield Finding(f"{name} is scored at one time and not at another")
        elif not np.array_equal(case.scores[name].numerator, again[name].numerator):
            yield Finding(f"{name} differs between two scorings: draw from subject.rng(name)")


def untouched(case: TaskCase) -> Iterator[Finding]:
    ours, before = subject(), subject()
    scored(case.task, ours)
    yield from touched(ours, before, "score")


def touched(now: Subject, before: Subject, who: str) -> Iterator[Finding]:
    """What of a subject is not as it was."""
    for split in ("train", "val", "test"):
        for name in changed(getattr(now, split), getattr(before, split)):
            yield Finding(f"{who} changed subject.{split}.{name} in place: work on a copy")
    if digest(now.dictionary) != digest(before.dictionary):
        yield Finding(f"{who} changed the dictionary in place: work on a copy")


def allowed(each: Units | None) -> float:
    """How far a score may move by rounding alone: two units where units are counted."""
    if each is None:
        return 0.0
    whole = np.isin(each.numerator, (0.0, 1.0)).mean() > 0.5
    weight = len(each.numerator) if each.denominator is None else each.denominator.sum()
    return max(TOLERANCE, 2 / weight) if whole else TOLERANCE


def moved(case: TaskCase, on: Subject, why: str) -> Iterator[Finding]:
    """Metrics that differ on a subject on which they should not."""
    free = {m.name for m in case.task.metrics if IN_UNITS in m.says} if "units" in why else set()
    for name, old, new in case.moved(on):
        bound = allowed(case.scores.get(name)) * max(1.0, abs(old))
        if name not in free and not abs(old - new) <= bound:
            yield Finding(f"{name} is {old:.6g} and {new:.6g} {why}")


def batches(case: TaskCase) -> Iterator[Finding]:
    yield from moved(case, subject().with_(batch_size=7), "with batches of 7")


def scale(case: TaskCase) -> Iterator[Finding]:
    yield from moved(
        case, subject(factor=10.0), f"in units a tenth as large (say “{IN_UNITS}” if that is meant)"
    )


def fitted(case: TaskCase) -> Iterator[Finding]:
    """Train and val of other pictures under other names must not move an unfitted main score."""
    if case.task.fits:
        return
    for name, old, new in case.moved(elsewhere(subject())):
        if abs(old - new) > TOLERANCE or np.isnan(old) != np.isnan(new):
            text = f"{name} is {old:.6g}, and {new:.6g} with other train and val rows"
            fault = name == case.main
            yield (
                Finding(f"{text}: set fits = True, as it chooses there", True)
                if fault
                else (note(text))
            )


def dead(case: TaskCase) -> Iterator[Finding]:
    try:
        found = scored(case.task, mute(subject()))
    except ValueError as error:
        if "\n" in str(error):
            yield Finding(f"the reason has more than one line: {error!r}")
        return
    yield from malformed(found)


def paper(case: TaskCase) -> Iterator[Finding]:
    other = type(case.task)(variant="paper")
    try:
        found = scored(other, subject())
    except NotApplicableError as error:
        yield note(f"the paper's variant is not scored on the tiny world: {error}")
        return
    yield from undeclared(case, found, case.main)
    yield from malformed(found)


_WHOLE = (SCORES, UNITS)
PROMISES: tuple[Promise[TaskCase], ...] = (
    Promise(SCORES, scores, (CONFIGURATION, METRICS)),
    Promise(UNITS, units, (SCORES,)),
    Promise(REPEATS, repeats, _WHOLE),
    Promise(UNTOUCHED, untouched, _WHOLE),
    Promise(BATCHES, batches, (*_WHOLE, REPEATS)),
    Promise(SCALE, scale, (*_WHOLE, REPEATS)),
    Promise(FITTED, fitted, (*_WHOLE, REPEATS)),
    Promise(DEAD, dead, _WHOLE),
    Promise(PAPER, paper, _WHOLE),
)

__all__ = ["PROMISES", "touched"]
