"""Rows of activations: what is taken for pictures and for texts."""

from __future__ import annotations

from typing import Any

import numpy as np
from jaxtyping import Float
from torch import Tensor

from benchmark.backends.hooks import mean_over
from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.speaking import streams
from benchmark.backends.llava.tower import patch_tokens
from benchmark.backends.llava.views import Views
from benchmark.contracts import Examples, Ragged, Site


def stream_at(model: Any, blocks: Blocks, asked: Prompts, site: Site) -> Float[Tensor, "b t d"]:
    """The residual stream after a site's block; after the last one where the site has none."""
    block = len(blocks) - 1 if site.block is None else site.block
    return streams(model, blocks, asked, [block])[block]


def patches_at(
    model: Any, blocks: Blocks, views: Views, asked: Prompts, site: Site
) -> Float[Tensor, "b p d"]:
    """The patch tokens of each picture, row by row: of a block, or of the tower."""
    if site.block is None:
        return patch_tokens(model, asked, views)
    return stream_at(model, blocks, asked, site)[asked.image].unflatten(0, (len(asked), -1))


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
