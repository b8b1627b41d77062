"""Axes of a checkpoint's tensors, held against each other; every complaint names them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Named:
    """A tensor under its own key, and the axes that its format gives it."""

    key: str
    tensor: Tensor
    axes: tuple[str, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.tensor.shape)


def check(parts: Sequence[Named], where: str) -> None:
    """Raises ValueError, one line, where axes of one name differ in size, or numbers are broken.

    What a size should be is read from the vectors, and where there are none from the first matrix.
    """
    for part in parts:
        if part.tensor.ndim != len(part.axes):
            raise ValueError(
                f"{where}: {part.key} has shape {list(part.shape)}, wanted {said(part.axes)}"
            )
    sizes: dict[str, tuple[int, str]] = {}
    for part in sorted(parts, key=lambda p: len(p.axes)):
        for axis, size in zip(part.axes, part.shape, strict=True):
            sizes.setdefault(axis, (size, part.key))
    for part in parts:
        wanted = tuple(sizes[axis][0] for axis in part.axes)
        if part.shape != wanted:
            by = ", ".join(f"{axis} = {sizes[axis][0]} of {sizes[axis][1]}" for axis in part.axes)
            turned = ": it is transposed" if part.shape == wanted[::-1] else ""
            raise ValueError(
                f"{where}: {part.key} has shape {list(part.shape)}, wanted {said(part.axes)} = "
                f"{list(wanted)} ({by}){turned}"
            )
    for part in parts:
        if not part.tensor.is_floating_point():
            raise ValueError(f"{where}: {part.key} is {part.tensor.dtype}, wanted real numbers")
        bad = int((~torch.isfinite(part.tensor)).sum())
        if bad:
            raise ValueError(f"{where}: {bad:,} numbers of {part.key} are not finite")


def said(axes: Sequence[str]) -> str:
    """`[d_in, d_sae]`."""
    return f"[{', '.join(axes)}]"


def listed(tensors: dict[str, Tensor], most: int = 8) -> str:
    """`W_enc [64, 512], …`: what a file holds, for an error."""
    shown = [f"{key} {list(t.shape)}" for key, t in sorted(tensors.items())[:most]]
    more = len(tensors) - len(shown)
    return ", ".join(shown) + (f" and {more} more" if more > 0 else "") if shown else "no tensors"
