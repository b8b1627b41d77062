"""Rows of activations: what is taken for pictures and for texts."""

from __future__ import annotations

from collections.abc import Sequence
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


def streams_at(
    model: Any, blocks: Blocks, asked: Prompts, sites: Sequence[Site]
) -> list[Float[Tensor, "b t d"]]:
    """The residual stream after each site's block, of one pass; after the last where it has none.

    Blocks after the last of them are not run.
    """
    last = len(blocks) - 1
    wanted = [last if site.block is None else site.block for site in sites]
    found = streams(model, blocks, asked, wanted)
    return [found[block] for block in wanted]


def pictures_at(
    model: Any, blocks: Blocks, views: Views, asked: Prompts, sites: Sequence[Site]
) -> Sequence[Float[Tensor, "b d"] | Float[Tensor, "b p d"]]:
    """The patch tokens of each picture at each site, row by row, or their mean."""
    inside = [site for site in sites if site.block is not None]
    of_tower = patch_tokens(model, asked, views) if len(inside) < len(sites) else None
    found = iter(streams_at(model, blocks, asked, inside) if inside else ())
    rows = []
    for site in sites:
        if site.block is None:
            assert of_tower is not None
            tokens = of_tower.float()
        else:
            tokens = next(found)[asked.image].unflatten(0, (len(asked), -1)).float()
        rows.append(tokens if site.pool == "none" else tokens.mean(1))
    return rows


def texts_at(
    model: Any, blocks: Blocks, asked: Prompts, sites: Sequence[Site]
) -> Sequence[Float[Tensor, "b d"] | Ragged]:
    """Each text's own tokens at each site, one after the other, or their mean."""
    rows: list[Tensor | Ragged] = []
    for site, stream in zip(sites, streams_at(model, blocks, asked, sites), strict=True):
        if site.pool == "none":
            rows.append(Ragged(stream[asked.text].float(), asked.text.sum(1)))
        else:
            rows.append(mean_over(stream.float(), asked.text))
    return rows


def pictures_of(examples: Examples, start: int, stop: int) -> list[Any]:
    """The picture of each caption start..stop, drawn once where captions share it."""
    owners = np.asarray(examples.caption_of)[start:stop]
    drawn = {int(i): examples.images(int(i), int(i) + 1)[0] for i in np.unique(owners)}
    return [drawn[int(i)] for i in owners]
