"""Fit, score subject and references, record: the one file that knows every noun. Kept small."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from benchmark.configure import build, in_variant
from benchmark.contracts import (
    Answering,
    Artifact,
    Method,
    NotApplicableError,
    Progress,
    Showing,
    Site,
    Subject,
    silent,
)
from benchmark.messages.raised import failure
from benchmark.messages.storage import StorageError
from benchmark.registry import Choice
from benchmark.results import Cell
from benchmark.run.answers import write_answers
from benchmark.run.applicable import not_applicable
from benchmark.run.cells import Case, Place
from benchmark.run.fits import Fits, FitSource
from benchmark.run.fitting import Fit, together
from benchmark.run.judged import judged
from benchmark.run.materials import Materials, gather, pick, pick_blocks
from benchmark.run.pictures import draw_exhibit
from benchmark.run.request import Request
from benchmark.run.scoring import Memo, score
from benchmark.run.shelf import Shelf


@dataclass
class Runner:
    """One request being run; fits and references of the data are kept while it lasts.

    What scores dictionaries that are there already hands in where they come from (`fits`), and its
    own cases to `cells`.
    """

    request: Request
    shelf: Shelf
    progress: Progress = silent
    say: Callable[[str], None] = print
    fits: FitSource | None = None
    memo: Memo = field(default_factory=dict)
    timing: dict[str, float] = field(default_factory=dict)
    from_before: set[str] = field(default_factory=set)
    """Keys of the cells that an earlier run left whole: they are yielded, not run."""

    def run(self) -> Iterator[Cell]:
        """Every cell of the request, as soon as it is recorded."""
        for spec in self.request.backends:
            for case in self.cases(gather(spec, self.request, self.progress, self.say)):
                yield from self.cells(case)

    def cases(self, opened: Materials) -> Iterator[Case]:
        """Every method of the request at every site, then at all decoder blocks together."""
        by_site = self._methods_by_site(opened)
        for site, methods in by_site.items():
            materials = opened.at(site, along=by_site)
            for choice, method, given, variant in methods:
                yield Case(choice, method, given, variant, materials)
        yield from self._swept(opened, by_site)

    def _swept(self, opened: Materials, by_site: Mapping[Site, list[Configured]]) -> Iterator[Case]:
        """Cases of the tasks that score all decoder blocks together: one a method."""
        sites = pick_blocks(opened.backend, self.request.sites)
        blocks = tuple(opened.at(site, along=sites) for site in sites)
        known: list[Configured] = []
        for configured in (each for methods in by_site.values() for each in methods):
            if configured[0::3] not in [each[0::3] for each in known]:
                known.append(configured)
        for choice, method, given, variant in known:
            first = blocks[0] if blocks else opened
            yield Case(choice, method, given, variant, first, blocks)

    def _methods_by_site(self, opened: Materials) -> dict[Site, list[Configured]]:
        """Every method in every variant, at the sites of the request or at the one it is for."""
        asked = pick(opened.backend, self.request.sites)
        found: dict[Site, list[Configured]] = {site: [] for site in asked}
        by_name = {site.name: site for site in opened.backend.sites}
        for choice, given in zip(self.request.methods, self.request.given, strict=True):
            for variant in self.request.variants:
                method = build(choice, in_variant(choice, given, variant))
                named = getattr(method, "site", None)
                own = by_name.get(named or "")
                for site in (asked[:1] if own is None else (own,)) if named else asked:
                    found.setdefault(site, []).append((choice, method, given, variant))
        return found

    def cells(self, case: Case, seeds: Sequence[int] | None = None) -> Iterator[Cell]:
        """Every cell of one case: each task of the request that goes with it, at every seed.

        Where some `seeds` alone are wanted the others are still what these are held against.
        """
        for seed in self.request.seeds if seeds is None else seeds:
            kept: list[tuple[Subject, Materials]] = []
            for place in self.places(case, seed):
                found = self.shelf.kept(place)
                if found is not None:
                    self.from_before.add(found.key)
                yield found if found is not None else self._place(place, kept)

    def places(self, case: Case, seed: int) -> Iterator[Place]:
        """The cells to be of a case and seed: one a task of the request that goes with it."""
        for asked in self.request.tasks:
            task = build(asked, {"variant": case.variant})
            if task.sweeps == (case.swept is not None):
                yield Place(case, asked, task, seed)

    def _place(self, place: Place, kept: list[tuple[Subject, Materials]]) -> Cell:
        """Scores one cell; whatever goes wrong in the method or task becomes its status."""
        materials = place.case.materials
        reason = not_applicable(place.task, place.case.method, materials, place.case.swept)
        if reason:
            return self.shelf.put(place, "not_applicable", reason=reason)
        self.timing = {}
        try:
            if not kept:
                kept.append(self._sweep(place) if place.case.swept else self._subject(place))
            subject, seen = kept[0]
            provided = materials.provides | place.case.method.provides
            with self._timed("score"):
                found = score(place.task, subject, provided, self.memo, seen.where)
            fitted = self._fitted(place)
            cell = self.shelf.put_scored(place, found, fitted, subject, seen, self.timing)
            self._show(place, subject)
            self._tell(place, subject)
            return cell
        except StorageError:
            raise
        except NotApplicableError as error:
            return self.shelf.put(place, "not_applicable", reason=one_line(error))
        except (torch.OutOfMemoryError, MemoryError) as error:
            return self.shelf.put(place, "oom", reason=one_line(error) or "out of memory")
        except Exception as error:
            if self.request.traceback:
                raise
            files = (place.case.choice.entry.path, place.asked.entry.path)
            traceback.clear_frames(error.__traceback__)  # a fit that failed is kept, its data not
            return self.shelf.put(place, "failed", reason=failure(error, *files))

    def _show(self, place: Place, subject: Subject) -> None:
        """Draws what the task has to show of a subject that was scored."""
        with self._beside(place, "not drawn"):
            found = place.task.exhibit(subject) if isinstance(place.task, Showing) else None
            if found is not None:
                self.say(f"drawn: {draw_exhibit(found, place.title, self.shelf.exhibit(place))}")

    def _tell(self, place: Place, subject: Subject) -> None:
        """Puts down what was answered, where verdicts are on answers."""
        with self._beside(place, "answers not kept"):
            found = place.task.transcript(subject) if isinstance(place.task, Answering) else None
            if found is not None:
                write_answers(self.shelf.answers(place), found)

    @contextmanager
    def _beside(self, place: Place, failed: str) -> Iterator[None]:
        """What comes beside scores, which stand alone: where it fails that is said, no more."""
        try:
            yield
        except StorageError:
            raise
        except Exception as error:
            self.say(f"{failed}: {place.title}: {failure(error, place.asked.entry.path)}")

    def _fitted(self, place: Place) -> Fit:
        """The fit behind a scored cell, of a sweep all of them as one."""
        parts = place.case.parts or (place.case,)
        return together([self.fit(part, place.seed) for part in parts])

    def _sweep(self, place: Place) -> tuple[Subject, Materials]:
        """The method fitted at every block; the first of them speaks for all."""
        found = [self._subject(replace(place, case=part)) for part in place.case.parts]
        subjects = tuple(subject for subject, _ in found)
        return replace(subjects[0], sweep=subjects), found[0][1]

    def _subject(self, place: Place) -> tuple[Subject, Materials]:
        """The fitted method before its judges, and the materials that it is judged on.

        These are read from the patched backend where the method replaces weights.
        """
        materials = place.case.materials
        with self._timed("activations"):
            for name in ("train", "val", self.request.split):
                materials.split(name)
        artifact = self.fit(place.case, place.seed).artifact
        bare = self._judged(place, artifact, materials)
        if not artifact.patch:
            return bare, materials
        with self._timed("activations of the patched backend"):
            seen = materials.patched(artifact.patch)
            return replace(self._judged(place, artifact, seen), unpatched=bare), seen

    def _judged(self, place: Place, artifact: Artifact, seen: Materials) -> Subject:
        """An artifact on the activations of some materials."""
        others = [s for s in self.request.seeds if s != place.seed]
        siblings = tuple(self.fit(place.case, seed).artifact for seed in others)
        return judged(artifact, seen, self.shelf, seed=place.seed, siblings=siblings)

    def fit(self, case: Case, seed: int) -> Fit:
        """The fit of a case that is no sweep. Raises what the fit raised."""
        if self.fits is None:
            self.fits = Fits(self.shelf)
        with self._timed("fit"):
            return self.fits(case, seed)

    @contextmanager
    def _timed(self, phase: str) -> Iterator[None]:
        started = time.perf_counter()
        yield
        self.timing[phase] = self.timing.get(phase, 0.0) + time.perf_counter() - started


Configured = tuple[Choice, Method, Mapping[str, Any], str]
"""A method as it is named, built, set on the command line, and in which variant."""


def one_line(error: BaseException) -> str:
    """An error as one line: its type where the message alone says too little."""
    text = " ".join(str(error).split())
    plain = isinstance(error, ValueError | NotApplicableError) and text
    return text if plain else f"{type(error).__name__}: {text}"
