"""How much is asked and answered about a picture, where a model is taught true answers."""

from __future__ import annotations

from itertools import chain
from typing import NamedTuple

from benchmark.contracts import Examples, talks_of
from benchmark.planning.outline import Outline

SAMPLE = 50
"""Pictures whose talks are read."""
DESCRIBE_TOKENS = 5
"""Of the one question where there is no talk and a caption is the answer."""


class Talked(NamedTuple):
    """About one picture, on average."""

    questions: float = 1.0
    tokens: float = 0.0
    """Of questions and answers together."""


SILENT = Talked()
"""Of a model that does not speak."""


def talked(outline: Outline, examples: Examples, images: int) -> Talked:
    """The mean of the first pictures."""
    n = min(SAMPLE, images)
    if not outline.decodes or not n:
        return SILENT
    talks = talks_of(examples, 0, n)
    tokens = outline.tokens_of([*chain.from_iterable(turn for talk in talks for turn in talk)])
    return Talked(sum(map(len, talks)) / n, sum(tokens) / n)
