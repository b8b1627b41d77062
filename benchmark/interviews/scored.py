"""Scores of removal and of replacement: what the two tasks share."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from benchmark.contracts import Metric, NotApplicableError, Subject, Units
from benchmark.interviews.doses import tried
from benchmark.interviews.editing import Editing, kind_of
from benchmark.interviews.outcomes import scores

DOSE = "dose"


def metrics(task: str, done: str) -> Iterator[Metric]:
    """What is promised of `removal` or `replacement`."""
    yield Metric(
        f"s2/{task}",
        "scene",
        True,
        f"{done} and the rest of the unedited answer stands, given eligibility",
        main=True,
    )
    says = f"{done}, but something else was lost or invented; at least half is kept"
    yield Metric(f"s1/{task}", "scene", None, says)
    yield Metric(f"s0/{task}", "scene", False, "anything else, empty and garbled answers included")
    yield Metric(f"ms/{task}", "scene", True, "(2 S2 + S1) / N: the papers' score")
    yield Metric("done", "scene", True, f"{done}, whatever else happened")
    yield Metric("kept", "scene", True, "share of the other things named before that still are")
    yield Metric("invented", "scene", False, "things named that neither picture nor answer had")
    yield Metric("parsed", "scene", True, "share of answers that can be read")
    says = "share of eligible scenes whose things have a latent that text named"
    yield Metric("with_latent", "scene", True, says)
    says = "share of scenes whose unedited answer names the target (and not the new thing)"
    yield Metric("eligible", "scene", None, says)
    yield Metric(DOSE, "scene", None, "push over the median norm of image tokens, chosen on val")
    yield Metric("val/s2/dose:*", "scene", None, "success on val at each dose")
    says = "share of doses that break nothing and that a random direction does not succeed at"
    yield Metric("sound", "dose", None, says)


def edited(subject: Subject, task: str) -> dict[str, Units]:
    """Outcomes on the evaluated split at the dose that val chose, of the subject's kind of edit.

    Controls are pushed as hard as the dictionary that they stand beside. Raises
    NotApplicableError where no picture can be edited, or none speaks of it.
    """
    kind = kind_of(subject)
    editing = Editing(subject, task == "replacement", kind)
    key = (DOSE, task)
    val = tried(editing) if kind in ("own", "difference of means") else None
    if val is not None:
        subject.cache[key] = val.dose
    dose = subject.cache.get(key, 0.0)
    found = editing.outcomes("test", dose)
    if not found.eligible.any():
        raise NotApplicableError(
            f"of {len(found.verdicts)} pictures the unedited answer names none of the things that "
            f"would be edited: nothing is eligible"
        )
    units = dict(scores(found, task))
    units[DOSE] = found.share([dose] * len(found.verdicts))
    if val is not None:
        for at, outcomes in val.outcomes.items():
            units[f"val/s2/dose:{at:g}"] = outcomes.of(2)
        units["sound"] = Units(np.array(list(val.sound.values()), dtype=np.float64))
    return units
