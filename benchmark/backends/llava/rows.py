"""Rows of activations: what is taken for pictures and for texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmark.backends.hooks import mean_over
from benchmark.backends.llava.asking import Prompts
from benchmark.contracts import Examples, Ragged, Site


def of_pictures(
    tokens: Float[Tensor, "b p d"], site: Site
) -> Float[Tensor, "b d"] | Float[Tensor, "b p d"]:
    """The patch tokens of each picture, row by row, or their mean."""
    return tokens.float() if site.pool == "none" else tokens.float().mean(1)


def of_texts(
    stream: Float[Tensor, "b t d"], asked: Prompts, site: Site
) -> Float[Tensor, "b d"] | Ragged:
    """Each text's own tokens one after the other, or their mean."""
    if site.pool == "none":
        return Ragged(stream[asked.text].float(), asked.text.sum(1))
    return mean_over(stream.float(), asked.text)


def pictures_of(examples: Examples, start: int, stop: int) -> list[Any]:
    """The picture of each caption start..stop, drawn once where captions share it."""
    owners = np.asarray(examples.caption_of)[start:stop]
    drawn = {int(i): examples.images(int(i), int(i) + 1)[0] for i in np.unique(owners)}
    return [drawn[int(i)] for i in owners]
