"""Training rows of the language model: a context, then several questions that see it alone.

A row is a prefix (a textual map, a caption, or nothing) and branches (question and answer, or a
caption). Branches share the prefix and never see each other, so one row teaches several answers at
the price of one reading.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from transformers import PreTrainedTokenizerFast

from benchmark.recipes.language.tokenizer import ASSISTANT, END, IMAGE, START, USER
from benchmark.worlds import questions, textual_maps
from benchmark.worlds.questions import Exchange
from benchmark.worlds.scene import Scene
from benchmark.worlds.textual_maps import Blend, Noise

GRID = 6
CAPTION_WEIGHT = 0.3
"""Of a caption's token in the loss, where an answer's has 1: captions are long and uncertain."""
CAPTIONS = 5
PICTURE = (IMAGE,) * GRID**2
"""What stands for a picture in a row: one token a patch."""


@dataclass(frozen=True)
class Shares:
    """How many rows of a batch have which context; the rest are captions alone."""

    blended: float = 0.5
    plain: float = 0.2
    caption: float = 0.15


@dataclass(frozen=True)
class Row:
    """Token ids of the prefix, and of each branch with the weight of every token in the loss."""

    prefix: tuple[int, ...]
    branches: tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]
    blend: Blend | None = None


class Writer:
    """Turns scenes into rows with one tokenizer."""

    def __init__(self, tokenizer: PreTrainedTokenizerFast) -> None:
        self.vocabulary = tokenizer.get_vocab()
        self.core = tokenizer.backend_tokenizer

    def ids(self, text: str) -> list[int]:
        """Token ids of a text, without anything added."""
        return list(self.core.encode(text, add_special_tokens=False).ids)

    def answered(self, said: Exchange) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """Question, answer and end; the answer and the end count."""
        asked = [*self.ids(said.question), self.vocabulary[ASSISTANT]]
        answer = [*self.ids(said.answer), self.vocabulary[END]]
        weight = CAPTION_WEIGHT if said.kind == "describe" else 1.0
        return (*asked, *answer), (*[0.0] * len(asked), *[weight] * len(answer))

    def captioned(self, caption: str) -> tuple[tuple[int, ...], tuple[float, ...]]:
        """A caption on its own; its first word cannot be known."""
        ids = (*self.ids(caption), self.vocabulary[END])
        return ids, (0.0, *[CAPTION_WEIGHT] * (len(ids) - 1))

    def opening(self, *words: str) -> tuple[int, ...]:
        """The start of a user's turn and what it holds before the question."""
        start = [self.vocabulary[START], self.vocabulary[USER]]
        return (*start, *(self.vocabulary[word] for word in words))

    def row(self, rng: random.Random, scene: Scene, shares: Shares, noise: Noise) -> Row:
        """One row about a scene, of a kind drawn by the shares."""
        draw = rng.random()
        if draw < shares.blended:
            blend = textual_maps.blended(rng, scene, GRID, noise)
            return Row(self.opening(*PICTURE), self.talk(rng, scene), blend)
        draw -= shares.blended
        if draw < shares.plain:
            words = textual_maps.plain(rng, scene, GRID, noise)
            return Row(self.opening(*words), self.talk(rng, scene))
        told = scene.captions()
        if draw - shares.plain < shares.caption:
            full = next(c.text for c in told if c.full)
            return Row((*self.opening(), *self.ids(full)), self.talk(rng, scene))
        return Row(
            (self.vocabulary[START],), tuple(self.captioned(c.text) for c in told[:CAPTIONS])
        )

    def talk(
        self, rng: random.Random, scene: Scene
    ) -> tuple[tuple[tuple[int, ...], tuple[float, ...]], ...]:
        """The list, some yes/no questions, and some of other kinds."""
        said = questions.conversation(rng, scene, questions.OTHERS)
        return tuple(self.answered(each) for each in said)


@dataclass(frozen=True, eq=False)
class Packed:
    """Rows side by side, padded to the longest."""

    tokens: Int[np.ndarray, "b t"]
    branch: Int[np.ndarray, "b t"]
    """0 for the prefix, 1, 2 … for branches, -1 for padding."""
    positions: Int[np.ndarray, "b t"]
    weights: Float[np.ndarray, "b t"]
    """Of a token as a target; 0 for what is read and not said."""
    blended: Int[np.ndarray, " m"]
    """Rows whose map is blended; its patches are the `<image>` tokens of the row."""
    words: Int[np.ndarray, "m p s"]
    word_weights: Float[np.ndarray, "m p s"]


def pack(rows: list[Row], vocabulary: dict[str, int], pad: int) -> Packed:
    """One array a field; a branch goes on counting positions from the end of its prefix."""
    lengths = [len(row.prefix) + sum(len(ids) for ids, _ in row.branches) for row in rows]
    shape = (len(rows), max(lengths))
    tokens = np.full(shape, pad, dtype=np.int64)
    branch = np.full(shape, -1, dtype=np.int64)
    positions = np.zeros(shape, dtype=np.int64)
    weights = np.zeros(shape, dtype=np.float32)
    for i, row in enumerate(rows):
        at = len(row.prefix)
        tokens[i, :at], branch[i, :at], positions[i, :at] = row.prefix, 0, np.arange(at)
        for b, (ids, counts) in enumerate(row.branches, start=1):
            span = slice(at, at + len(ids))
            tokens[i, span], branch[i, span], weights[i, span] = ids, b, counts
            positions[i, span] = len(row.prefix) + np.arange(len(ids))
            at += len(ids)
    blends = [(i, row.blend) for i, row in enumerate(rows) if row.blend is not None]
    words = [[[vocabulary[w] for w in patch] for patch in blend.words] for _, blend in blends]
    of_maps = (len(blends), GRID**2, textual_maps.SLOTS)
    return Packed(
        tokens,
        branch,
        positions,
        weights,
        np.array([i for i, _ in blends], dtype=np.int64),
        np.array(words, dtype=np.int64).reshape(of_maps),
        np.array([blend.weights for _, blend in blends], dtype=np.float32).reshape(of_maps),
    )
