"""Edits of what a language model reads of a picture, told by its answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import (
    Annotated,
    Box,
    Edit,
    NotApplicableError,
    OpenWorld,
    Speaker,
    Subject,
    thing_concepts,
)
from benchmark.edits import add, patch_in
from benchmark.interviews.cases import Case, Shown, shown
from benchmark.interviews.room import Room, digest
from benchmark.interviews.rows import mean_differences, rows_of
from benchmark.interviews.setting import KEPT, Asked, annotated, editable, redrawing
from benchmark.judges.mentions import judge_of
from benchmark.judges.reading import Reading

DOSES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
N_NORMS = 64


@dataclass(frozen=True, eq=False)
class Asking:
    """A model that is asked for everything in a picture, edited after some blocks."""

    subject: Subject
    speaker: Speaker
    of: Mapping[str, Annotated]
    """Splits of whose pictures it is known what is where."""
    blocks: tuple[int | None, ...]
    """None is before the projector."""
    doses: tuple[float, ...] = DOSES
    least_kept: float = 0.9

    @cached_property
    def room(self) -> Room:
        """The model, asked for everything in a picture."""
        subject, of = self.subject, self.of["test"]
        others = of.other_names if isinstance(of, OpenWorld) else None
        judge = judge_of(of.thing_names, of.descriptions, others)
        ids = {"val": subject.val.ids, "test": subject.test.ids}
        question = of.list_question
        return Room(self.speaker, question, judge, subject.examples, ids, subject.recall)

    @property
    def things(self) -> list[int]:
        return thing_concepts(self.of["train"])

    @property
    def norm(self) -> float:
        """Of image tokens at the subject's site."""
        key = (KEPT, "norm")
        if key not in self.subject.cache:
            self.subject.cache[key] = self._norm()
        return self.subject.cache[key]

    def _norm(self) -> float:
        site = self.subject.artifact.site
        whole = (s for s in self.speaker.sites if s.block == site.block and s.pool == "none")
        tokens = next(whole, None)
        if tokens is None:
            raise NotApplicableError(f"{site.name} has no tokens that could be edited")
        few = min(N_NORMS, self.subject.train.n_images)
        rows = self.speaker.encode(self.subject.examples["train"], "image", 0, few, tokens)
        assert isinstance(rows, Tensor)
        return float(rows.flatten(0, 1).norm(dim=1).median())

    @property
    def grid(self) -> tuple[int, int]:
        return self.speaker.patch_grid

    def pictures(self, split: Asked) -> Iterable[Shown]:
        data = self.subject.val if split == "val" else self.subject.test
        return shown(self.of[split], data.n_images, self.grid)

    def plain(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        room = self.room

        def said(part: Sequence[int]) -> list[str]:
            return room.say(room.shown(split, [cases[i] for i in part]), [])

        return room.read(split, cases, {}, said)

    def pushed(
        self,
        split: Asked,
        cases: Sequence[Case],
        push: Float[Tensor, "n d"],
        where: Sequence[Sequence[int]],
    ) -> list[Reading]:
        room = self.room
        masks = room.masks(where)
        edit = {"blocks": self.blocks, "push": digest(push), "patches": digest(masks)}

        def said(part: Sequence[int]) -> list[str]:
            change, at = add(push[list(part)]), masks[list(part)]
            edits = [Edit(block, change, at) for block in self.blocks]
            return room.say(room.shown(split, [cases[i] for i in part]), edits)

        return room.read(split, cases, edit, said)

    def redrawn(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        """The stream of the new picture stands in for that of the picture, at every patch.

        Before the projector that is the new picture itself. Raises NotApplicableError where
        pictures cannot be drawn anew.
        """
        anew = editable(self.subject.examples, split)
        if anew is None:
            raise NotApplicableError("these pictures cannot be drawn anew")
        room, block = self.room, self.blocks[-1]
        drawn_anew = [[case.thing, case.new] for case in cases]

        def said(part: Sequence[int]) -> list[str]:
            chosen = [cases[i] for i in part]
            pictures = [redrawing(anew, case) for case in chosen]
            if block is None:
                return room.say(pictures, [])
            put = Edit(block, patch_in(room.stream(pictures, block)))
            return room.say(room.shown(split, chosen), [put])

        return room.read(split, cases, {"block": block, "redrawn": drawn_anew}, said)

    def name_of(self, concept: int) -> str:
        return self.of["test"].thing_names[concept][0]

    def picture(self, case: Case) -> Any:
        return self.room.shown("test", [case])[0]

    def boxes(self, case: Case) -> tuple[Box, ...]:
        return boxes_of(case.patches, self.grid)

    def means(self) -> Mapping[int, Float[Tensor, " d"]]:
        rows = rows_of(self.subject, self.of["train"], self.things)
        return mean_differences(self.subject.train.image, rows)

    def beside(
        self, cases: Sequence[Case], push: Float[Tensor, "n d"] | None
    ) -> dict[str, Float[np.ndarray, " n"]]:
        del cases, push
        return {}


def asking_of(subject: Subject, speaker: Speaker, blocks: tuple[int | None, ...]) -> Asking:
    """Raises NotApplicableError where it is not known what is where in the pictures."""
    found = {split: annotated(subject.examples, split) for split in ("train", "val", "test")}
    of = {split: each for split, each in found.items() if each is not None}
    if len(of) < len(found):
        raise NotApplicableError("the pictures are not at hand: where things are is not known")
    return Asking(subject, speaker, of, blocks)


def boxes_of(patches: Sequence[int], grid: tuple[int, int]) -> tuple[Box, ...]:
    """The room of each patch of a grid."""
    rows, columns = grid
    at = [divmod(patch, columns) for patch in patches]
    return tuple((c / columns, r / rows, (c + 1) / columns, (r + 1) / rows) for r, c in at)
