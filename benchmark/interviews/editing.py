"""Removal and replacement: one push for all cases of a task.

    x <- x + a m v,    v = -u_target, or (u_new - u_target) / |u_new - u_target|

u: unit directions of the latents that text named after the things,
m: median norm of what is pushed, so that no dictionary pushes harder by its scale,
a: the dose.

As published (the paper variant): v = -u_target or u_new alone, of length 10 whatever the norms,
after each of the first three blocks, whatever block the latent is of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from benchmark.contracts import NotApplicableError, Speaker, Subject
from benchmark.interviews.asking import asking_of
from benchmark.interviews.cases import Case, drawn
from benchmark.interviews.directions import (
    Directions,
    at_random,
    named_directions,
    of_others,
    unit,
)
from benchmark.interviews.outcomes import Outcomes, judged
from benchmark.interviews.probing import probing_of
from benchmark.interviews.setting import KEPT, Asked, Setting, editable
from benchmark.judges.reading import Reading

Kind = Literal[
    "own",
    "by labels",
    "random",
    "wrong concept",
    "off region",
    "difference of means",
    "edited scene",
    "redrawn picture",
]
REDRAWN: tuple[Kind, Kind] = ("edited scene", "redrawn picture")
"""What a model is told of a new picture bounds what edits can do; a probe of one row may be beaten
by a push that was made for it."""
Variant = Literal["fair", "paper"]
KIND, AFTER = "push", "after"
"""In a subject's cache: the kind of edit; what is told after those of test, asked once."""
PUBLISHED_LENGTH, PUBLISHED_BLOCKS = 10.0, 3
N_CASES = {"val": 100, "test": 200}


@dataclass(frozen=True, eq=False)
class Editing:
    """A subject's edits of one kind, for removal or for replacement."""

    subject: Subject
    exchange: bool
    """A replacement, else a removal."""
    kind: Kind = "own"
    variant: Variant = "fair"

    @cached_property
    def setting(self) -> Setting:
        """Where edits are made. Raises NotApplicableError where there is nothing to edit."""
        backend, paper = self.subject.backend, self.variant == "paper"
        if isinstance(backend, Speaker):
            own = self.subject.artifact.site.block
            first = tuple(range(min(PUBLISHED_BLOCKS, backend.n_blocks)))
            return asking_of(self.subject, backend, first if paper and own is not None else (own,))
        if paper:
            raise NotApplicableError("published edits are of what a language model reads")
        return probing_of(self.subject)

    def cases(self, split: Asked) -> list[Case]:
        """The same for every method and for every kind of edit.

        Raises NotApplicableError where no picture has things enough.
        """
        key = (KEPT, "cases", split, self.exchange)
        if key not in self.subject.cache:
            self.subject.cache[key] = self._drawn(split)
        return self.subject.cache[key]

    def _drawn(self, split: Asked) -> list[Case]:
        pictures, grid = self.setting.pictures(split), self.setting.grid
        rng = self.subject.rng(f"edits/{split}/{self.exchange}")
        found = drawn(pictures, N_CASES[split], rng, exchange=self.exchange, grid=grid)
        if not found:
            wanted = "one that can be replaced" if self.exchange else "two things"
            raise NotApplicableError(
                f"no picture of {split} has things enough to edit one: wanted {wanted}"
            )
        return found

    def unedited(self, split: Asked) -> list[Reading]:
        """What is told of all cases as they are; asked once for all kinds of edits."""
        key = (KEPT, "told", split, self.exchange)
        if key not in self.subject.cache:
            self.subject.cache[key] = self.setting.plain(split, self.cases(split))
        return self.subject.cache[key]

    @cached_property
    def directions(self) -> Directions:
        """Of the kind of edit; random ones and those of other concepts are drawn once."""
        subject, things = self.subject, self.setting.things
        if self.kind == "difference of means":
            return unit(self.setting.means())
        if self.kind == "random":
            d = subject.train.image.shape[1]
            return at_random(d, things, subject.rng("random directions"))
        own = named_directions(subject, things, by_labels=self.kind == "by labels")
        if self.kind == "wrong concept":
            return of_others(own, subject.rng("wrong concepts"))
        return own

    def pushes(self, cases: Sequence[Case]) -> Mapping[int, Tensor]:
        """The unit push of each case, by place; none where a thing has no direction."""
        return unit({i: push for i, c in enumerate(cases) if (push := self._push(c)) is not None})

    def _push(self, case: Case) -> Tensor | None:
        target = self.directions.get(case.target)
        if case.new is None:
            return None if target is None else -target
        new = self.directions.get(case.new)
        if self.variant == "paper":
            return new
        return None if target is None or new is None else new - target

    def outcomes(self, split: Asked, dose: float) -> Outcomes:
        """What becomes of all cases of a split at a dose."""
        cases = self.cases(split)
        before = self.unedited(split)
        after = self.told(split, dose)
        published = self.variant == "paper"
        nameable = None if published else self.nameable(split)
        return judged(cases, before, after, nameable, as_published=published)

    def nameable(self, split: Asked) -> list[bool]:
        """Whether the new thing of each case is told where the picture is drawn with it.

        What is not told then, no edit can make told: it is a blind spot of the reader's.
        """
        cases = self.cases(split)
        anew: Kind = REDRAWN[0] if isinstance(self.subject.backend, Speaker) else REDRAWN[1]
        if not self.exchange or not possible(self.subject, anew):
            return [True] * len(cases)
        return [
            case.new in each.things(case.truth | {case.new})
            for each, case in zip(self._redrawn(split), cases, strict=True)
            if case.new is not None
        ]

    def _redrawn(self, split: Asked) -> list[Reading]:
        """What is told of the pictures of all cases drawn anew; asked once."""
        key = (KEPT, "redrawn", split, self.exchange)
        if key not in self.subject.cache:
            self.subject.cache[key] = self.setting.redrawn(split, self.cases(split))
        return self.subject.cache[key]

    def told(self, split: Asked, dose: float) -> list[Reading | None]:
        """What is told of each case after its edit; None where a thing has no direction."""
        cache, key = self.subject.cache, (AFTER, self.exchange, self.kind, self.variant, dose)
        if split == "test" and key not in cache:
            cache[key] = self._told(split, dose)
        return cache[key] if split == "test" else self._told(split, dose)

    def _told(self, split: Asked, dose: float) -> list[Reading | None]:
        cases = self.cases(split)
        if self.kind in REDRAWN:
            return list(self._redrawn(split))
        off, pushes = self.kind == "off region", self.pushes(cases)
        able = [i for i in pushes if cases[i].elsewhere or not off]
        found: dict[int, Reading] = {}
        if able:
            chosen = [cases[i] for i in able]
            push = dose * self.setting.norm * torch.stack([pushes[i] for i in able])
            where = [case.elsewhere if off else case.patches for case in chosen]
            found = dict(zip(able, self.setting.pushed(split, chosen, push, where), strict=True))
        return [found.get(i) for i in range(len(cases))]


def possible(subject: Subject, kind: Kind) -> bool:
    """Whether there is such an edit: places off a thing, something drawn anew to put there."""
    speaks = isinstance(subject.backend, Speaker)
    if kind in REDRAWN:
        draws = editable(subject.examples, "test") is not None
        return draws and kind == REDRAWN[0 if speaks else 1]
    return speaks or kind != "off region"


def kind_of(subject: Subject) -> Kind:
    """Which edits a reference asked of the subject."""
    return subject.cache.get((KIND,), "own")
