"""Loss of true answers about pictures while something stands in for the pictures' tokens.

A stand-in is put in place of what a language model's residual stream holds at image positions after
one block; all that follows reads it instead. Losses are kept picture by picture, in nats.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Change, Edit, Examples, Speaker, Subject, talks_of
from benchmark.edits import ablate, reconstruct
from benchmark.metrics.averages import Ratio

MOST = 200
"""Pictures that are talked about: the first ones of the evaluated split."""
AT_ONCE = 50
CENTRED = "+centred"
"""In the fingerprint of rows that are not the stream's own: a mean was taken off them."""


@dataclass(frozen=True)
class Interview:
    """The first pictures of a split, and a model that is asked about them."""

    speaker: Speaker
    examples: Examples
    n: int

    def loss(self, *edits: Edit) -> Ratio:
        """Summed loss of the true answers about each picture [n], and how many tokens they have."""
        losses, tokens = [], []
        for start in range(0, self.n, AT_ONCE):
            stop = min(start + AT_ONCE, self.n)
            pictures: Any = self.examples.images(start, stop)
            with torch.no_grad():
                said = self.speaker.taught(pictures, talks_of(self.examples, start, stop), edits)
            losses.append(said.loss.double().cpu())
            tokens.append(said.tokens.double().cpu())
        return torch.cat(losses).numpy(), torch.cat(tokens).numpy()


_KEPT: WeakKeyDictionary[Speaker, dict[tuple[Any, ...], Ratio]] = WeakKeyDictionary()
"""Losses that every dictionary of a model is held against, for as long as the model is there."""


def clean(asked: Interview) -> Ratio:
    """The loss of the model as it is: the same at all of its blocks."""
    return _kept(asked, ())


def without(asked: Interview, block: int, row: tuple[float, ...]) -> Ratio:
    """The loss where the same row stands at every image position after a block."""
    return _kept(asked, (block, row), Edit(block, ablate(torch.tensor(row))))


def _kept(asked: Interview, of: tuple[Any, ...], *edits: Edit) -> Ratio:
    try:
        losses = _KEPT.setdefault(asked.speaker, {})
    except TypeError:  # it cannot be held weakly, or has no hash: measured each time
        losses = {}
    told = tuple(tuple(map(tuple, talk)) for talk in talks_of(asked.examples, 0, asked.n))
    key = (tuple(asked.examples.ids[: asked.n]), told, *of)
    if key not in losses:
        losses[key] = asked.loss(*edits)
    return losses[key]


def interview(subject: Subject) -> Interview | None:
    """The interview of a subject; None where rows are not the tokens of a model that speaks.

    None too where the pictures are not at hand, and where rows were centred: what the dictionary
    reads is then not what the model has there.
    """
    site, test = subject.artifact.site, subject.test
    examples = subject.examples.get("test")
    if not isinstance(subject.backend, Speaker) or examples is None:
        return None
    if site.block is None or site.pool != "none" or CENTRED in test.fingerprint:
        return None
    return Interview(subject.backend, examples, min(MOST, test.n_images))


def reconstructed(subject: Subject) -> Change:
    """x̂ from the codes that the subject is scored on: truncated where it says so."""
    return reconstruct(subject.dictionary, k=subject.k)


def train_mean(subject: Subject) -> Float[Tensor, " d"]:
    """Mean image token of train."""
    return subject.train.image.mean(0, dtype=torch.float64).float()
