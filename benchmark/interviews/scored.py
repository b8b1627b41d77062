"""Scores of removal and of replacement: what the two tasks share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch

from benchmark.contracts import Metric, NotApplicableError, Subject, Units
from benchmark.interviews.doses import Tried, tried
from benchmark.interviews.editing import PUBLISHED_LENGTH, Editing, Variant, kind_of
from benchmark.interviews.outcomes import Outcomes, scores

DOSE = "dose"
CAPTIONS = "captions/"
BY_LABELS = "by_labels"
ASIDE = f"{DOSE}/{BY_LABELS}"
"""A metric that only the subject itself is asked for."""
LABELLED = ("done", "kept", "with_latent", DOSE)
ALONE = ("own", "by labels", "difference of means")
"""Kinds of edits that have a dose of their own."""


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
    says = "share of scenes whose unedited answer names the target, and not the new thing, which "
    says += "is named where the picture is drawn with it"
    yield Metric("eligible", "scene", None, says)
    yield Metric("read/recall", "scene", None, "share of what is there that is told unedited")
    yield Metric("read/precision", "scene", None, "share of what is told unedited that is there")
    for name in (f"s2/{task}", f"ms/{task}", *LABELLED):
        says = f"{name} with latents named by labels of pictures: supervised"
        yield Metric(f"{name}/{BY_LABELS}", "scene", None, says)
    yield Metric(DOSE, "scene", None, "push over the median norm of what is pushed")
    yield Metric("val/s2/dose:*", "scene", None, "success on val, where the dose is chosen")
    yield Metric("val/random/dose:*", "scene", None, "success of a random direction there")
    says = "share of doses that break nothing and that a random direction does not succeed at"
    yield Metric("sound", "dose", None, says)
    says = "share of the nearest captions that assert the target, the new thing, any other: before"
    yield Metric(f"{CAPTIONS}*/before", "scene", None, says)
    yield Metric(f"{CAPTIONS}*/after", "scene", None, "the same after the edit")


def edited(subject: Subject, task: str, variant: Variant, *, aside: bool) -> dict[str, Units]:
    """Outcomes on the evaluated split at the dose that val chose, of the subject's kind of edit.

    `aside` asks also for what no reference is held against: captions, latents chosen by labels.

    Controls are pushed as hard as the dictionary that they stand beside; published edits all by
    the same length. Raises NotApplicableError where no picture can be edited, or none speaks of it.
    """
    kind = kind_of(subject)
    editing = Editing(subject, task == "replacement", kind, variant)
    dose = dose_of(editing)
    found = editing.outcomes("test", dose)
    if not found.eligible.any():
        raise NotApplicableError(
            f"of {len(found.verdicts)} pictures the unedited answer names none of the things that "
            f"would be edited: nothing is eligible"
        )
    units = dict(scores(found, task)) | {DOSE: found.share([dose] * len(found.verdicts))}
    if kind in ALONE and variant == "fair":
        units |= _on_val(tried(editing))
    if kind == "own" and aside:
        units |= _told(editing) | _by_captions(editing, found, dose)
        units |= dict(_by_labels(replace(editing, kind="by labels"), task))
    return units


def dose_of(editing: Editing) -> float:
    """How hard edits of this kind are: as hard as the subject's own, where they have no dose."""
    if editing.variant == "paper":
        return PUBLISHED_LENGTH / editing.setting.norm
    return tried(editing if editing.kind in ALONE else replace(editing, kind="own")).dose


def _by_labels(editing: Editing, task: str) -> Iterator[tuple[str, Units]]:
    """Outcomes of latents that labels of pictures chose: what text-given names cost."""
    dose = dose_of(editing)
    found = editing.outcomes("test", dose)
    whole = dict(scores(found, task)) | {DOSE: found.share([dose] * len(found.verdicts))}
    for name in (f"s2/{task}", f"ms/{task}", *LABELLED):
        if name in whole:
            yield f"{name}/{BY_LABELS}", whole[name]


def _on_val(val: Tried) -> dict[str, Units]:
    """How the dose was chosen."""
    units = {
        f"val/{name}/dose:{dose:g}": each.of(2)
        for name, tries in (("s2", val.outcomes), ("random", val.control))
        for dose, each in tries.items()
    }
    return units | {"sound": Units(np.array(list(val.sound.values()), dtype=np.float64))}


def _told(editing: Editing) -> dict[str, Units]:
    """How well pictures are told before anything is edited."""
    cases = editing.cases("test")
    told = editing.unedited("test")
    said = [each.things(case.truth) for each, case in zip(told, cases, strict=True)]
    right = [len(s & case.truth) for s, case in zip(said, cases, strict=True)]
    units = {"read/recall": Units(_floats(right), _floats([len(c.truth) for c in cases]))}
    if any(said):
        units["read/precision"] = Units(_floats(right), _floats([len(s) for s in said]))
    return units


def _by_captions(editing: Editing, found: Outcomes, dose: float) -> dict[str, Units]:
    """What the nearest captions assert before and after, among eligible cases with a push."""
    cases, pushes = editing.cases("test"), editing.pushes(editing.cases("test"))
    chosen = [i for i in pushes if found.eligible[i]]
    if not chosen:
        return {}
    picked = [cases[i] for i in chosen]
    push = dose * editing.setting.norm * torch.stack([pushes[i] for i in chosen])
    units = {}
    for when, at in (("before", None), ("after", push)):
        for name, values in editing.setting.beside(picked, at).items():
            whole, known = np.zeros(len(cases)), np.zeros(len(cases))
            known[chosen] = ~np.isnan(values)
            whole[chosen] = np.nan_to_num(values)
            if known.any():
                units[f"{CAPTIONS}{name}/{when}"] = Units(whole, known)
    return units


def _floats(counts: list[int]) -> np.ndarray:
    return np.array(counts, dtype=np.float64)
