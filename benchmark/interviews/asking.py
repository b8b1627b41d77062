"""Edits of what a language model reads of a picture, told by its answers.

An answer depends on the model, the picture, the question and the edit, and on nothing else; where
the subject remembers answers, each is written once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Float
from torch import Tensor

from benchmark.contracts import (
    Box,
    Edit,
    Editable,
    NotApplicableError,
    Speaker,
    Subject,
    thing_concepts,
)
from benchmark.edits import add, patch_in
from benchmark.interviews.cases import Case, drawn, shown
from benchmark.interviews.rows import mean_differences, rows_of
from benchmark.interviews.setting import (
    KEPT,
    N_TEST,
    N_VAL,
    Asked,
    boxes_of,
    editable,
    redrawing,
)
from benchmark.judges.names import NameJudge
from benchmark.judges.reading import Reading

DOSES = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 3.0)
AT_ONCE = 50
MOST_TOKENS = 24
N_NORMS = 64


@dataclass(frozen=True, eq=False)
class Asking:
    """A model that is asked for everything in a picture, edited after some blocks."""

    subject: Subject
    speaker: Speaker
    of: Mapping[str, Editable]
    """Splits whose pictures can be drawn again."""
    blocks: tuple[int | None, ...]
    """None is before the projector."""
    doses: tuple[float, ...] = DOSES
    least_kept: float = 0.9

    @cached_property
    def judge(self) -> NameJudge:
        of = self.of["test"]
        return NameJudge(tuple(map(tuple, of.thing_names)), of.descriptions)

    @property
    def question(self) -> str:
        return self.of["test"].list_question

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

    def cases(self, split: Asked, *, exchange: bool) -> list[Case]:
        data: Any = getattr(self.subject, split)
        grid, most = self.speaker.patch_grid, N_VAL if split == "val" else N_TEST
        rng = self.subject.rng(f"edits/{split}/{exchange}")
        pictures = shown(self.of[split], data.n_images, grid)
        found = drawn(pictures, most, rng, exchange=exchange, grid=grid)
        if not found:
            raise NotApplicableError(f"no picture of {split} has things enough to edit one")
        return found

    def unedited(self, split: Asked, *, exchange: bool) -> list[Reading]:
        key = (KEPT, split, exchange)
        if key not in self.subject.cache:
            cases = self.cases(split, exchange=exchange)

            def said(part: Sequence[int]) -> list[str]:
                return self._say(self._shown(split, [cases[i] for i in part]), [])

            self.subject.cache[key] = self._read(split, cases, {}, said)
        return self.subject.cache[key]

    def pushed(
        self,
        split: Asked,
        cases: Sequence[Case],
        push: Float[Tensor, "n d"],
        where: Sequence[Sequence[int]],
    ) -> list[Reading]:
        masks = self._masks(where)
        edit = {"blocks": self.blocks, "push": _digest(push), "patches": _digest(masks)}

        def said(part: Sequence[int]) -> list[str]:
            change, at = add(push[list(part)]), masks[list(part)]
            edits = [Edit(block, change, at) for block in self.blocks]
            return self._say(self._shown(split, [cases[i] for i in part]), edits)

        return self._read(split, cases, edit, said)

    def redrawn(self, split: Asked, cases: Sequence[Case]) -> list[Reading]:
        """The stream of the new picture stands in for that of the picture, at every patch.

        Before the projector that is the new picture itself.
        """
        block = self.blocks[-1]
        drawn_anew = [[case.thing, case.new] for case in cases]

        def said(part: Sequence[int]) -> list[str]:
            chosen = [cases[i] for i in part]
            pictures = [redrawing(self.of[split], case) for case in chosen]
            if block is None:
                return self._say(pictures, [])
            asked = self.speaker.ask(pictures, [self.question] * len(part))
            stream = self.speaker.residuals(asked, [block])[block]
            return self._say(self._shown(split, chosen), [Edit(block, patch_in(stream))])

        return self._read(split, cases, {"block": block, "redrawn": drawn_anew}, said)

    def name_of(self, concept: int) -> str:
        return self.of["test"].thing_names[concept][0]

    def picture(self, case: Case) -> Any:
        return self._shown("test", [case])[0]

    def boxes(self, case: Case) -> tuple[Box, ...]:
        return boxes_of(case.patches, self.speaker.patch_grid)

    def means(self) -> Mapping[int, Float[Tensor, " d"]]:
        train, things = self.subject.train, self.things
        return mean_differences(train.image, rows_of(train, self.of["train"], things, self.subject))

    def beside(
        self, cases: Sequence[Case], push: Float[Tensor, "n d"] | None
    ) -> dict[str, Float[np.ndarray, " n"]]:
        del cases, push
        return {}

    def _read(
        self,
        split: Asked,
        cases: Sequence[Case],
        edit: dict[str, Any],
        said: Callable[[Sequence[int]], list[str]],
    ) -> list[Reading]:
        """Answers of one edit, batch by batch, as the judge reads them."""

        def make() -> list[str]:
            every = range(len(cases))
            parts = [every[i : i + AT_ONCE] for i in every[::AT_ONCE]]
            return [answer for part in parts for answer in said(part)]

        data: Any = getattr(self.subject, split)
        of = {
            "backend": [self.speaker.name, self.speaker.revision],
            "split": [split, hashlib.sha256(json.dumps([*data.ids]).encode()).hexdigest()],
            "question": self.question,
            "pictures": [case.picture for case in cases],
            "tokens": MOST_TOKENS,
            **edit,
        }
        said_now = self.subject.recall(of, make)
        return [replace(self.judge.read(self.question, each), said=each) for each in said_now]

    def _shown(self, split: Asked, cases: Sequence[Case]) -> list[Any]:
        examples = self.subject.examples[split]
        return [examples.images(case.picture, case.picture + 1)[0] for case in cases]

    def _say(self, pictures: Sequence[Any], edits: Sequence[Edit]) -> list[str]:
        asked = self.speaker.ask(pictures, [self.question] * len(pictures))
        return self.speaker.answers(asked, edits, MOST_TOKENS)

    def _masks(self, where: Sequence[Sequence[int]]) -> Bool[Tensor, "n p"]:
        rows, columns = self.speaker.patch_grid
        masks = torch.zeros(len(where), rows * columns, dtype=torch.bool)
        for i, patches in enumerate(where):
            masks[i, list(patches)] = True
        return masks


def asking_of(subject: Subject, speaker: Speaker, blocks: tuple[int | None, ...]) -> Asking:
    """Raises NotApplicableError where pictures cannot be drawn again."""
    found = {split: editable(subject.examples, split) for split in ("train", "val", "test")}
    of = {split: each for split, each in found.items() if each is not None}
    if len(of) < len(found):
        raise NotApplicableError("the pictures are not at hand: none can be changed")
    return Asking(subject, speaker, of, blocks)


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
