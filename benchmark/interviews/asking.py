"""Answers about pictures, under a push of some patches or under another run's activations.

An answer depends on the model, the picture, the question and the edit, and on nothing else; where
the subject remembers answers, each is written once.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Edit, Examples, Recall, Speaker
from benchmark.edits import add, patch_in
from benchmark.interviews.cases import Case

AT_ONCE = 50
MOST_TOKENS = 24


@dataclass(frozen=True, eq=False)
class Room:
    """A model that is asked one question about the pictures of a split, edited after one block."""

    speaker: Speaker
    examples: Examples
    question: str
    block: int | None
    """Where edits are made; None is before the projector."""
    recall: Recall
    asked_of: str
    """Names the split and all that is known of its pictures, for what is remembered."""

    def plain(self, pictures: Sequence[int]) -> list[str]:
        """Answers about pictures as they are."""
        return self._remembered(pictures, {}, lambda part: self._say(self._shown(part), []))

    def pushed(
        self, cases: Sequence[Case], push: Float[Tensor, "n d"], where: Sequence[Sequence[int]]
    ) -> list[str]:
        """Answers after a push of each case's own is added at some patches of its picture."""
        masks = self._masks(where)
        edit = {"block": self.block, "push": _digest(push), "patches": _digest(masks)}

        def said(part: Sequence[int]) -> list[str]:
            at = torch.tensor(part)
            change = Edit(self.block, add(push[at]), masks[at])
            return self._say(self._shown([cases[i].picture for i in part]), [change])

        return self._remembered([case.picture for case in cases], edit, said, by_place=True)

    def redrawn(self, cases: Sequence[Case], pictures: Sequence[Any]) -> list[str]:
        """Answers where the stream of each picture as drawn anew stands in for the picture's own.

        Raises ValueError before the projector, where a picture has no stream yet.
        """
        if self.block is None:
            raise ValueError("found an edit before the projector, wanted one after a block")
        block = self.block
        drawn = [[case.picture, case.thing, case.new] for case in cases]

        def said(part: Sequence[int]) -> list[str]:
            ask = partial(self.speaker.ask, prompts=[self.question] * len(part))
            asked = ask([pictures[i] for i in part])
            stream = self.speaker.residuals(asked, [block])[block]
            shown = self._shown([cases[i].picture for i in part])
            return self._say(shown, [Edit(block, patch_in(stream))])

        edit = {"block": block, "redrawn": drawn}
        return self._remembered([case.picture for case in cases], edit, said, by_place=True)

    def _remembered(
        self, pictures: Sequence[int], edit: dict[str, Any], said: Any, by_place: bool = False
    ) -> list[str]:
        """Answers of one edit, batch by batch: what `said` makes of places or of pictures."""
        items = list(range(len(pictures))) if by_place else list(pictures)

        def make() -> list[str]:
            parts = [items[i : i + AT_ONCE] for i in range(0, len(items), AT_ONCE)]
            return [answer for part in parts for answer in said(part)]

        of = {
            "backend": [self.speaker.name, self.speaker.revision],
            "split": self.asked_of,
            "question": self.question,
            "pictures": list(pictures),
            "tokens": MOST_TOKENS,
            **edit,
        }
        return list(self.recall(of, make))

    def _shown(self, pictures: Sequence[int]) -> list[Any]:
        return [self.examples.images(i, i + 1)[0] for i in pictures]

    def _say(self, pictures: Sequence[Any], edits: Sequence[Edit]) -> list[str]:
        asked = self.speaker.ask(pictures, [self.question] * len(pictures))
        return self.speaker.answers(asked, edits, MOST_TOKENS)

    def _masks(self, where: Sequence[Sequence[int]]) -> Tensor:
        rows, columns = self.speaker.patch_grid
        masks = torch.zeros(len(where), rows * columns, dtype=torch.bool)
        for i, patches in enumerate(where):
            masks[i, list(patches)] = True
        return masks


def _digest(tensor: Tensor) -> str:
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
