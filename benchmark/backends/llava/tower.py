"""Sites of a dual encoder inside a vision-language model: what the projector reads of a picture.

`tower` is the mean over the patch tokens of the vision tower's selected layer, `tower/tokens` every
one of them, without a class token; texts are read after the last decoder block. The two widths are
those of tower and decoder.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import PROJECTOR, TOKENS, Blocks
from benchmark.backends.llava.hooking import EnoughError
from benchmark.backends.llava.speaking import run
from benchmark.backends.llava.views import Views
from benchmark.contracts import Site

TOWER = "vision_tower"
NAME = "tower"


def tower_sites(model: Any, blocks: Blocks, views: Views) -> tuple[Site, ...]:
    """Both sites of a model that projects one view of the picture, patch by patch; else none."""
    tower, projector = _path(model, TOWER), _path(model, PROJECTOR)
    if not tower or not projector or views.pinpoints or not views.side:
        return ()
    last = f"{blocks.path}.{len(blocks) - 1}"
    pooled = Site(NAME, tower, last, pool="mean")
    return pooled, Site(NAME + TOKENS, tower, last, pool="none")


def patch_tokens(model: Any, asked: Prompts, views: Views) -> Float[Tensor, "b p d"]:
    """What the projector reads of each picture, row by row; the language model is not run.

    Raises ValueError where it reads another number of tokens than the picture has patches.
    """
    with torch.no_grad(), _given_to(model.get_submodule(_path(model, PROJECTOR))) as found:
        run(model, asked, {})
    wanted = len(asked), views.leading + views.n_patches
    shapes = [list(tokens.shape) for tokens in found]
    if len(found) != 1 or found[0].ndim != 3 or tuple(found[0].shape[:2]) != wanted:
        raise ValueError(
            f"the projector reads {shapes}, wanted [{wanted[0]}, {wanted[1]}, d]: use a site of "
            f"the decoder blocks"
        )
    return found[0][:, views.leading :]


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


def _path(model: Any, name: str) -> str:
    """Dotted path of the module of this name; empty where there is none."""
    paths = (path for path, _ in model.named_modules() if path.rpartition(".")[2] == name)
    return next(paths, "")
