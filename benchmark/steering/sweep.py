"""A method at every block, beside the model whose blocks they are."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np
from torch import Tensor

from benchmark.contracts import NotApplicableError, Speaker, Steerable, Subject
from benchmark.interviews.directions import Directions, at_random, unit
from benchmark.interviews.room import Room
from benchmark.interviews.rows import mean_differences, rows_of, showing
from benchmark.judges.names import NameJudge
from benchmark.metrics.localizing import latents_of_things
from benchmark.metrics.naming import names_of
from benchmark.steering.cases import (
    N_CASES,
    Asked,
    Case,
    Sign,
    drawn_cases,
    pictures,
    steerable,
    steered_concepts,
)

Directed = Literal["own", "image side", "both sides", "difference of means"]
Kind = Literal[Directed, "random direction"]
KEPT = "steering"
"""In a cache: what no method and no kind of push can change."""
WITHIN = ("within budget",)
N_NORMS, MOST_TOKENS = 64, 12


@dataclass(frozen=True, eq=False)
class Sweep:
    """Everything that steering asks of a subject; `blocks` are its sites in the model's order."""

    subject: Subject

    @cached_property
    def at(self) -> tuple[Subject, ...]:
        """The subject at each block. Raises NotApplicableError where a site is no block."""
        found = self.subject.sweep or (self.subject,)
        if any(each.artifact.site.block is None for each in found):
            raise NotApplicableError("no decoder block: steering is of a language model's stream")
        return tuple(sorted(found, key=lambda each: each.artifact.site.block or 0))

    @property
    def blocks(self) -> tuple[int, ...]:
        return tuple(each.artifact.site.block or 0 for each in self.at)

    @cached_property
    def speaker(self) -> Speaker:
        """The model whose blocks these are.

        Raises NotApplicableError where it writes no text, or is another one at every block.
        """
        found = [each.backend for each in self.at]
        if not all(isinstance(each, Speaker) for each in found):
            raise NotApplicableError("the backend writes no text and has no blocks to steer")
        if len({each.revision for each in found if each is not None}) > 1:
            raise NotApplicableError("the method patched another model for every block")
        return found[0]  # type: ignore[return-value]

    @property
    def read_later(self) -> tuple[bool, ...]:
        """Whether any later block reads the image positions that a push at each block changes."""
        return tuple(block < self.speaker.n_blocks - 1 for block in self.blocks)

    @cached_property
    def pictures(self) -> Mapping[Asked, Steerable]:
        return {split: steerable(self.subject, split) for split in N_CASES}

    def kept(self, key: Any, make: Callable[[], Any]) -> Any:
        """What `make` returns, once for all kinds of pushes."""
        cache = self.subject.cache
        if (KEPT, key) not in cache:
            cache[(KEPT, key)] = make()
        return cache[(KEPT, key)]

    @property
    def grid(self) -> tuple[int, int]:
        return self.speaker.patch_grid

    @property
    def concepts(self) -> tuple[int, ...]:
        return self.kept("concepts", lambda: steered_concepts(self.subject, self.grid))

    def cases(self, split: Asked) -> tuple[Case, ...]:
        """The same for every block and both signs."""

        def make() -> tuple[Case, ...]:
            return drawn_cases(self.subject, split, self.concepts, self.grid)

        return self.kept(("cases", split), make)

    def shown(self, split: Asked, sign: Sign, cases: Sequence[Case]) -> list[Any]:
        """The pictures of some cases that are pushed; each is drawn once."""

        def draw() -> dict[Case, Any]:
            every = self.cases(split)
            return dict(zip(every, pictures(self.pictures[split], sign, every), strict=True))

        drawn = self.kept(("pictures", split, sign), draw)
        return [drawn[case] for case in cases]

    def told_apart(self, split: Asked, sign: Sign, cases: Sequence[Case]) -> dict[str, Any]:
        """What tells the pictures of some cases from any others, as plain JSON."""
        drawn = [[case.room, case.thing] for case in cases] if sign == "supp" else []
        return {
            "split": [split, *self.room.told_apart(split)],
            "pictures": [case.picture for case in cases],
            "drawn in": drawn,
        }

    @cached_property
    def norms(self) -> tuple[float, ...]:
        """Median norm of image tokens after each block, on train: what doses are shares of."""
        return self.kept("norms", lambda: tuple([_norm(each) for each in self.at]))

    @cached_property
    def room(self) -> Room:
        """The model, asked for everything in a picture."""
        examples, subject = self.pictures["test"], self.subject
        names = tuple(tuple(examples.names(c)) for c in range(len(examples.thing_names)))
        judge = NameJudge(names, examples.descriptions)
        ids = {"val": subject.val.ids, "test": subject.test.ids}
        return Room(
            self.speaker,
            examples.list_question,
            judge,
            subject.examples,
            ids,
            subject.recall,
            MOST_TOKENS,
        )

    def direction_of(self, kind: Kind, i: int) -> Callable[[Case], Tensor | None]:
        """The unit direction of a case after a block (by place); None where it has none.

        A random direction is drawn for every case: what is found of it is the mean over as many
        draws as there are cases, and its interval covers the drawing.
        """
        if kind == "random direction":
            return self.kept((kind, self.blocks[i]), lambda: self._drawn_directions(i)).get
        directions = self.directions(kind)[i]
        return lambda case: directions.get(case.concept)

    def directions(self, kind: Directed) -> tuple[Directions, ...]:
        """A unit direction at each block for every concept that has one."""
        if kind == "difference of means":
            return self.kept(kind, self._means)
        return self.kept(kind, lambda: tuple(_named(s, self.concepts, kind) for s in self.at))

    def _drawn_directions(self, i: int) -> dict[Case, Tensor]:
        cases = list(dict.fromkeys((*self.cases("val"), *self.cases("test"))))
        rng = self.subject.rng(f"steering at random/{self.blocks[i]}")
        drawn = at_random(self.at[i].train.image.shape[1], range(len(cases)), rng)
        return {case: drawn[k] for k, case in enumerate(cases)}

    def _means(self) -> tuple[Directions, ...]:
        return tuple(unit(_differences(each, self.concepts)) for each in self.at)


def _norm(subject: Subject) -> float:
    site, backend = subject.artifact.site, subject.backend
    assert isinstance(backend, Speaker)
    every = (s for s in backend.sites if s.block == site.block and s.pool == "none")
    whole = next(every, None)
    if whole is None:
        raise NotApplicableError(f"{backend.name} has no site of all tokens after {site.name}")
    few = min(N_NORMS, subject.train.n_images)
    rows = backend.encode(subject.examples["train"], "image", 0, few, whole)
    assert isinstance(rows, Tensor)
    return float(rows.flatten(0, 1).norm(dim=1).median())


def _named(subject: Subject, concepts: tuple[int, ...], kind: Directed) -> Directions:
    """Decoder directions of the latents that text named, of the side that is asked for.

    Named on the strongest latents that the budget allows, where a method's codes have more.
    """
    latents = latents_of_things(names_of(within_budget(subject)), concepts)
    rows = {
        side: subject.dictionary.directions(side).detach().cpu().float()
        for side in ("image", "text")
    }
    of = {side: unit({c: rows[side][j] for c, j in latents.items()}) for side in rows}
    if kind == "both sides":
        return unit({c: u + of["image"][c] for c, u in of["text"].items() if c in of["image"]})
    return of["image" if kind == "image side" else "text"]


def within_budget(subject: Subject) -> Subject:
    """The subject with codes of no more latents than its budget allows."""
    k = subject.artifact.k
    if k is None or subject.k is not None:
        return subject
    if WITHIN not in subject.cache:
        subject.cache[WITHIN] = subject.truncated(k)
    return subject.cache[WITHIN]


def _differences(subject: Subject, concepts: tuple[int, ...]) -> dict[int, Tensor]:
    """Mean over the rows of train that show a concept less the mean of all rows."""
    if len(subject.train.image) == subject.train.n_images:
        rows = showing(subject.train.labels("image"), concepts)
        return mean_differences(subject.train.image, rows)
    examples = steerable(subject, "train")
    every = rows_of(subject, examples, [])
    nothing = np.empty(0, dtype=np.int64)
    rows = {
        concept: np.concatenate(
            [nothing, *(every.get(c, nothing) for c in examples.members(concept))]
        )
        for concept in concepts
    }
    return mean_differences(subject.train.image, rows)
