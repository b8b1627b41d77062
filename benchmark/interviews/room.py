"""A model that is asked one question about pictures, and a judge who reads what it says.

An answer depends on the model, the picture, the question and the edit, and on nothing else; where
answers are remembered each is written once.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import torch
from jaxtyping import Bool
from torch import Tensor

from benchmark.contracts import Edit, Examples, Recall, Speaker, Split
from benchmark.judges.reading import Judge, Reading

AT_ONCE = 50
MOST_TOKENS = 24


class Pictured(Protocol):
    """What is asked about: it knows its picture."""

    @property
    def picture(self) -> int: ...


@dataclass(frozen=True, eq=False)
class Room:
    """Asks in batches; `ids` tell the pictures of a split from any others."""

    speaker: Speaker
    question: str
    judge: Judge
    examples: Mapping[Split, Examples]
    ids: Mapping[str, Sequence[str]]
    recall: Recall
    tokens: int = MOST_TOKENS
    """Of an answer, at most."""

    def shown(self, split: Split, cases: Sequence[Pictured]) -> list[Any]:
        """The picture of each case as it is."""
        examples = self.examples[split]
        return [examples.images(case.picture, case.picture + 1)[0] for case in cases]

    def say(self, pictures: Sequence[Any], edits: Sequence[Edit]) -> list[str]:
        """Answers about pictures under edits."""
        asked = self.speaker.ask(pictures, [self.question] * len(pictures))
        return self.speaker.answers(asked, edits, self.tokens)

    def stream(self, pictures: Sequence[Any], block: int) -> Tensor:
        """What the model has of pictures after a block, before it answers."""
        asked = self.speaker.ask(pictures, [self.question] * len(pictures))
        return self.speaker.residuals(asked, [block])[block]

    def read(
        self,
        split: Split,
        cases: Sequence[Pictured],
        edit: Mapping[str, Any],
        said: Callable[[Sequence[int]], list[str]],
    ) -> list[Reading]:
        """Answers of one edit, batch by batch, as the judge reads them.

        `said` answers about some of the cases, by their places; `edit` is all that tells its
        answers from others about the same pictures, as plain JSON.
        """

        def make() -> list[str]:
            every = range(len(cases))
            parts = [every[i : i + AT_ONCE] for i in every[::AT_ONCE]]
            return [answer for part in parts for answer in said(part)]

        of = {
            "backend": [self.speaker.name, self.speaker.revision],
            "split": [split, *self.told_apart(split)],
            "question": self.question,
            "pictures": [case.picture for case in cases],
            "tokens": self.tokens,
            **edit,
        }
        answers = self.recall(of, make)
        return [replace(self.judge.read(self.question, each), said=each) for each in answers]

    def told_apart(self, split: Split) -> tuple[str, ...]:
        """What tells the pictures of a split from any others."""
        return (hashlib.sha256(json.dumps([*self.ids[split]]).encode()).hexdigest(),)

    def masks(self, where: Sequence[Sequence[int]]) -> Bool[Tensor, "n p"]:
        """Some patches of each picture's grid."""
        rows, columns = self.speaker.patch_grid
        found = torch.zeros(len(where), rows * columns, dtype=torch.bool)
        for i, patches in enumerate(where):
            found[i, list(patches)] = True
        return found


def digest(tensor: Tensor) -> str:
    """Tells one edit from another."""
    return hashlib.sha256(tensor.detach().cpu().contiguous().numpy().tobytes()).hexdigest()
