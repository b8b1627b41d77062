"""Sites of a dual encoder inside a vision-language model: what the projector reads of a picture.

`tower` is the mean over the patch tokens of the vision tower's selected layer, `tower/tokens` every
one of them, without a class token; texts are read after the last decoder block. The two widths are
those of tower and decoder. Of a picture with finer views it is the view that shows all of it; where
the projector merges a square of tower tokens into one patch, a row is that square side by side, so
four times as wide for two by two.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import PROJECTORS, TOKENS, Blocks, path_of
from benchmark.backends.llava.hooking import EnoughError
from benchmark.backends.llava.projecting import whole_views
from benchmark.backends.llava.speaking import run
from benchmark.backends.llava.views import Views
from benchmark.contracts import Site

TOWERS = ("vision_tower", "visual")
NAME = "tower"


def tower_sites(model: Any, blocks: Blocks, views: Views) -> tuple[Site, ...]:
    """Both sites of a model whose projector reads the picture patch by patch; else none."""
    tower, projector = path_of(model, TOWERS), path_of(model, PROJECTORS)
    known = views.side or views.merged > 1
    if not tower or not projector or not known or not views.merged:
        return ()
    last = f"{blocks.path}.{len(blocks) - 1}"
    pooled = Site(NAME, tower, last, pool="mean")
    return pooled, Site(NAME + TOKENS, tower, last, pool="none")


def patch_tokens(model: Any, asked: Prompts, views: Views) -> Float[Tensor, "b p d"]:
    """What the projector reads of each whole picture, row by row; the language model is not run.

    Raises ValueError where it reads another number of tokens than the pictures have.
    """
    with torch.no_grad(), _given_to(model.get_submodule(path_of(model, PROJECTORS))) as found:
        run(model, asked, {})
    (read,) = found
    return whole_views(asked, read, views.merged, views.leading, views.n_patches)


@contextmanager
def _given_to(projector: Any) -> Iterator[list[Tensor]]:
    """Collects what a module is given, and ends the pass there."""
    found: list[Tensor] = []

    def keep(_module: Any, inputs: tuple[Tensor, ...]) -> None:
        found.append(inputs[0])
        raise EnoughError

    handle = projector.register_forward_pre_hook(keep)
    try:
        with suppress(EnoughError):
            yield found
    finally:
        handle.remove()
