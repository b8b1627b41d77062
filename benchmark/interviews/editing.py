"""Removal and replacement: one push for all cases of a task.

    x <- x + a m (u_new - u_target)      on the patches of the target, after the site's block

u: unit directions of the latents that text named after the things (u_new only for a replacement),
m: median norm of image tokens at the site, so that no dictionary pushes harder by its scale,
a: the dose.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import torch
from torch import Tensor

from benchmark.contracts import Editable, NotApplicableError, Speaker, Subject
from benchmark.interviews.asking import Room
from benchmark.interviews.cases import Case, drawn
from benchmark.interviews.directions import (
    Directions,
    at_random,
    means,
    named_directions,
    of_others,
)
from benchmark.interviews.outcomes import Outcomes, judged
from benchmark.judges.names import NameJudge
from benchmark.judges.reading import Reading

Kind = Literal[
    "own", "random", "wrong concept", "off region", "difference of means", "edited scene"
]
KIND = "push"
UNEDITED = "unedited"
"""In a cache: what no edit can change."""
N_VAL, N_TEST = 100, 200
N_NORMS = 64


@dataclass(frozen=True, eq=False)
class Editing:
    """A subject's edits of one kind, for removal or for replacement."""

    subject: Subject
    exchange: bool
    """A replacement, else a removal."""
    kind: Kind = "own"

    @cached_property
    def speaker(self) -> Speaker:
        found = self.subject.backend
        if not isinstance(found, Speaker):
            raise NotApplicableError("the backend does not speak")
        return found

    def examples(self, split: Literal["train", "val", "test"]) -> Editable:
        """A split whose pictures can be changed. Raises NotApplicableError where it cannot."""
        found = self.subject.examples.get(split)
        if not isinstance(found, Editable):
            raise NotApplicableError("the pictures are not at hand: none can be changed")
        return found

    @cached_property
    def judge(self) -> NameJudge:
        of = self.examples("test")
        return NameJudge(tuple(map(tuple, of.thing_names)), of.descriptions)

    def room(self, split: Literal["val", "test"]) -> Room:
        """The model, asked for everything in a picture of a split."""
        of, data = self.examples(split), getattr(self.subject, split)
        known = hashlib.sha256(json.dumps([*data.ids]).encode()).hexdigest()
        return Room(
            self.speaker,
            self.subject.examples[split],
            of.list_question,
            self.subject.artifact.site.block,
            self.subject.recall,
            f"{split} {known}",
        )

    def cases(self, split: Literal["val", "test"]) -> list[Case]:
        """The same for every method.

        Raises NotApplicableError where no picture has things enough.
        """
        data, most = getattr(self.subject, split), N_VAL if split == "val" else N_TEST
        rng = self.subject.rng(f"edits/{split}/{self.exchange}")
        grid, of = self.speaker.patch_grid, self.examples(split)
        found = drawn(of, data.n_images, most, grid, rng, exchange=self.exchange)
        if not found:
            raise NotApplicableError(f"no picture of {split} has things enough to edit one")
        return found

    def unedited(self, split: Literal["val", "test"]) -> list[Reading]:
        """What the unedited answers about the cases say; asked once for all kinds of edits."""
        key = (UNEDITED, split, self.exchange)
        if key not in self.subject.cache:
            room, cases = self.room(split), self.cases(split)
            answers = room.plain([case.picture for case in cases])
            self.subject.cache[key] = [self.judge.read(room.question, a) for a in answers]
        return self.subject.cache[key]

    @property
    def norm(self) -> float:
        """Median norm of image tokens at the site, on train; measured once for all kinds."""
        key = (UNEDITED, "norm")
        if key not in self.subject.cache:
            self.subject.cache[key] = self._norm()
        return self.subject.cache[key]

    def _norm(self) -> float:
        site = self.subject.artifact.site
        whole = (s for s in self.speaker.sites if s.block == site.block and s.pool == "none")
        tokens = next(whole, None)
        if tokens is None:
            raise NotApplicableError(f"{site.name} has no tokens that could be edited")
        of = self.subject.examples["train"]
        rows = self.speaker.encode(
            of, "image", 0, min(N_NORMS, self.subject.train.n_images), tokens
        )
        assert isinstance(rows, Tensor)
        return float(rows.flatten(0, 1).norm(dim=1).median())

    @cached_property
    def directions(self) -> Directions:
        """Of the kind of edit; random ones and those of other concepts are drawn once."""
        subject, of = self.subject, self.examples("train")
        if self.kind == "difference of means":
            return means(subject, of)
        own = named_directions(subject, of)
        if self.kind == "random":
            d = subject.train.image.shape[1]
            return at_random(d, len(of.thing_names), subject.rng("random directions"))
        if self.kind == "wrong concept":
            return of_others(own, subject.rng("wrong concepts")) if len(own) > 1 else {}
        return own

    def has(self, case: Case) -> bool:
        """Whether there is a direction for the case."""
        return case.target in self.directions and (case.new is None or case.new in self.directions)

    def outcomes(self, split: Literal["val", "test"], dose: float) -> Outcomes:
        """What becomes of all cases of a split at a dose."""
        cases, room = self.cases(split), self.room(split)
        answers = self._answers(cases, room, dose)
        after = [None if a is None else self.judge.read(room.question, a) for a in answers]
        return judged(cases, self.unedited(split), after)

    def _answers(self, cases: Sequence[Case], room: Room, dose: float) -> list[str | None]:
        if self.kind == "edited scene":
            return list(room.redrawn(cases, [self._redrawn(case) for case in cases]))
        off = self.kind == "off region"
        able = [i for i, c in enumerate(cases) if self.has(c) and (c.elsewhere or not off)]
        found: dict[int, str] = {}
        if able:
            chosen = [cases[i] for i in able]
            push = dose * self.norm * torch.stack([self._push(case) for case in chosen])
            where = [case.elsewhere if off else case.patches for case in chosen]
            found = dict(zip(able, room.pushed(chosen, push, where), strict=True))
        return [found.get(i) for i in range(len(cases))]

    def _push(self, case: Case) -> Tensor:
        push = -self.directions[case.target]
        return push if case.new is None else push + self.directions[case.new]

    def _redrawn(self, case: Case) -> object:
        of = self.examples("test")
        if case.new is None:
            return of.without(case.picture, case.thing)
        return of.replaced(case.picture, case.thing, case.new)


def kind_of(subject: Subject) -> Kind:
    """Which edits a reference asked of the subject."""
    return subject.cache.get((KIND,), "own")
