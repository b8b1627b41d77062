"""What the projector reads of a batch of pictures, cell by cell, and the change of it.

A projector reads [b, p, d] of one view a picture, [views, p, d] of finer views after each whole
one, or tower tokens that it merges by squares. A cell is what becomes one patch of the language
model: one tower token, or a square of them side by side.
"""

from __future__ import annotations

from typing import Any

from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.views import NO_CELL, NO_PATCH
from benchmark.contracts import Edit


def cells_of(asked: Prompts, read: Float[Tensor, "..."], merged: int) -> Float[Tensor, "n e"]:
    """What a projector reads, a cell a row; e is the tower's width, times the tokens of a cell.

    Raises ValueError where it reads another number of tokens than the pictures have.
    """
    assert asked.cells is not None
    n = int((asked.cells != NO_CELL).sum())
    tokens = read.shape[:-1].numel()
    if not merged or tokens != n * merged:
        raise ValueError(
            f"the projector reads {list(read.shape)}, wanted {n * max(merged, 1)} tokens of "
            f"{len(asked)} pictures: use a site of the decoder blocks"
        )
    return read.reshape(n, merged * read.shape[-1])


def places_of(asked: Prompts) -> Int[Tensor, "b c"]:
    """The row of `cells_of` that holds each cell of each picture; 0 where there is no such cell."""
    assert asked.cells is not None
    real = asked.cells != NO_CELL
    rows = real.flatten().cumsum(0).view(real.shape) - 1
    return rows.masked_fill(~real, 0)


def whole_views(
    asked: Prompts, read: Float[Tensor, "..."], merged: int, leading: int, n_patches: int
) -> Float[Tensor, "b p e"]:
    """The cells of the view that shows the whole picture, row by row; finer views are left out."""
    rows = places_of(asked)[:, leading : leading + n_patches]
    return cells_of(asked, read, merged)[rows.to(read.device)]


def before(blocks: Blocks, asked: Prompts, edit: Edit, where: Bool[Tensor, "b p"] | None) -> Any:
    """A hook that changes what the projector reads at the chosen patches, in every view of them.

    Raises ValueError where no projector is known, and for an edit that goes on while an answer is
    written: the picture is read once.
    """
    if blocks.projector is None or edit.decode:
        found = "an edit with decode" if blocks.projector is not None else "no projector"
        raise ValueError(f"found {found}, wanted a projector and an edit of the picture alone")
    assert asked.cells is not None
    shown, rows = asked.cells, places_of(asked)
    picked = shown > NO_PATCH
    if where is not None:
        picked &= where.to(shown.device).gather(1, shown.clamp(min=0))

    def hook(_module: Any, inputs: tuple[Tensor, ...]) -> tuple[Any, ...]:
        read = inputs[0]
        cells = cells_of(asked, read, blocks.merged)
        at, chosen = rows.to(read.device), picked.to(read.device)
        changed = edit.change(cells[at]).to(read.dtype)
        made = cells.clone()
        made[at[chosen]] = changed[chosen]
        return (made.reshape(read.shape), *inputs[1:])

    return blocks.projector.register_forward_pre_hook(hook)
