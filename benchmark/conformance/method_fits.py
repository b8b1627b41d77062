"""What the fit of a method promises: where its numbers come from and what it leaves alone."""

from __future__ import annotations

import json
from collections.abc import Iterator

import torch

from benchmark.conformance.code_shapes import same_bits
from benchmark.conformance.fit_runs import MethodCase, Run, changed, run, same_state
from benchmark.conformance.method_source import DECLARED
from benchmark.conformance.promises import Finding, Promise, note
from benchmark.conformance.tiny_world import SITE, World, world
from benchmark.contracts import MODALITIES, Artifact, Need

FITS = "fits and returns an artifact"
UNLABELLED = "sees labels, truth and test rows only if it says so"
SEEDED = "draws from the run's generators alone"
UNTOUCHED = "leaves its data and the backend as they were"
RECORDED = "says what it chose as JSON"
WIDTHS = "fits images and texts of different widths"
NOTHING = "takes nothing from the data where fits is False"
WITHHELD = {Need.CONCEPTS: "concept labels", Need.PLANTED: "the planted dictionary"}


def fits(case: MethodCase) -> Iterator[Finding]:
    """A fit that only works when shown what it did not ask for is left to `unlabelled`."""
    try:
        artifact = case.run("first").artifact
    except Exception:
        if needed(case) is not None:
            return
        raise
    if not isinstance(artifact, Artifact):
        yield Finding(f"fit returned {type(artifact).__name__}, wanted an Artifact")
        return
    if artifact.site != SITE:
        yield Finding(f"the artifact names site {artifact.site}, wanted the one of its data")
    if artifact.k is not None and not (isinstance(artifact.k, int) and artifact.k > 0):
        yield Finding(f"the artifact has k {artifact.k!r}, wanted a positive int or None")


def needed(case: MethodCase) -> Need | None:
    """The undeclared need without which the fit fails, if there is one."""
    for need in WITHHELD:
        if need in case.needs:
            continue
        try:
            run(case.method, world(), seed=0, noise=1, may_see=case.needs | {need})
        except Exception:
            continue
        return need
    return None


def unlabelled(case: MethodCase) -> Iterator[Finding]:
    """Labels and truth come through declared needs, and no fit reads the rows that judge it."""
    try:
        seen = set(case.run("first").given.seen)
    except Exception:
        need = needed(case)
        if need is not None:
            yield Finding(
                f"fit fails without {WITHHELD[need]}: declare Need.{need.name}, or do without"
            )
            return
        raise
    if Need.CONCEPTS in case.needs:
        seen = {what for what in seen if "labels of" not in what}
    for what in sorted(seen):
        yield Finding(f"fit reads {what} through the backend: use data.train and data.val alone")


def seeded(case: MethodCase) -> Iterator[Finding]:
    """Same seed, same bits, whatever the global generators hold; and nobody reseeds those."""
    first, again = case.run("first"), case.run("again")
    moved = " and ".join(first.drew)
    where = f": it draws from the global generator of {moved}" if moved else ""
    if not same(first, again):
        yield Finding(
            f"two fits with one seed differ{where}; draw from data.generator(name) instead"
        )
    for name in first.drew:
        if same_state(first.after[name], again.after[name]):
            yield Finding(f"fit seeds the global generator of {name}: the run alone does that")
    if same(first, case.run("seed")):
        yield note("two seeds give the same dictionary: nothing is drawn")


def same(a: Run, b: Run) -> bool:
    """Codes, directions, patch and choices equal to the last bit."""
    one, two = a.artifact, b.artifact
    if repr(one.chosen) != repr(two.chosen) or set(one.patch) != set(two.patch):
        return False
    if not all(torch.equal(one.patch[key], two.patch[key]) for key in one.patch):
        return False
    for modality in MODALITIES:
        x = a.before.splits["test"].rows(modality)
        codes = [each.dictionary.encode(x.clone(), modality) for each in (one, two)]
        aligned = [r.dictionary.align(c, modality) for r, c in zip((one, two), codes, strict=True)]
        directions = [each.dictionary.directions(modality) for each in (one, two)]
        if not same_bits(*codes) or not same_bits(*aligned) or not torch.equal(*directions):
            return False
    return True


def untouched(case: MethodCase) -> Iterator[Finding]:
    """Train, val and the backend's weights and answers, before and after."""
    after, before = case.run("first").given, case.run("first").before
    for split in ("train", "val"):
        for name in changed(after.splits[split], before.splits[split]):
            yield Finding(f"fit changed data.{split}.{name} in place: work on a copy")
    if not same_answers(after, before):
        yield Finding(
            "fit changed the backend in place: return new weights as Artifact(patch=...) instead"
        )
    patch = case.artifact.patch
    if patch:
        patched = before.backend.patched(patch)
        if patched is before.backend:
            yield Finding("the backend returned itself for a patch, wanted a changed copy")


def same_answers(a: World, b: World) -> bool:
    """Whether two backends have the same weights and say the same of a few examples."""
    ours, theirs = a.backend, b.backend
    if ours.weights.keys() != theirs.weights.keys():
        return False
    if not all(torch.equal(w, theirs.weights[name]) for name, w in ours.weights.items()):
        return False
    examples = b.backend.data.split("val")
    rows = [[each.encode(examples, m, 0, 8, SITE) for each in (ours, theirs)] for m in MODALITIES]
    return all(torch.equal(*pair) for pair in rows)


def recorded(case: MethodCase) -> Iterator[Finding]:
    for key, value in case.artifact.chosen.items():
        try:
            json.dumps({key: value}, allow_nan=False)
        except (TypeError, ValueError):
            found = f"{value!r} ({type(value).__name__})"
            yield Finding(f"chosen[{key!r}] is {found}: wanted what JSON can hold, as float(...)")


def widths(case: MethodCase) -> Iterator[Finding]:
    """Only a method that declares SAME_WIDTH, or a planted dictionary, may refuse."""
    if case.needs & {Need.SAME_WIDTH, Need.PLANTED}:
        return
    try:
        case.run("widths")
        for modality in MODALITIES:
            case.codes(modality, "widths")
    except Exception as error:
        yield Finding(
            f"fails where image and text widths differ ({' '.join(str(error).split())}): "
            "declare Need.SAME_WIDTH, or give each modality its own weights"
        )


def nothing(case: MethodCase) -> Iterator[Finding]:
    if not type(case.method).fits and not same(case.run("first"), case.run("data")):
        yield Finding("fits is False but other training rows give another dictionary: drop it")


PROMISES: tuple[Promise[MethodCase], ...] = (
    Promise(FITS, fits, (DECLARED,)),
    Promise(UNLABELLED, unlabelled, (FITS,)),
    Promise(UNTOUCHED, untouched, (FITS, UNLABELLED)),
    Promise(RECORDED, recorded, (FITS, UNLABELLED)),
    Promise(WIDTHS, widths, (FITS, UNLABELLED)),
)
"""Needs no encoding; the rest is judged once codes are known to be well-formed."""
AFTER_CODES = ((SEEDED, seeded), (NOTHING, nothing))
