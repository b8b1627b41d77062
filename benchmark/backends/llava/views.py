"""Which patch of the picture each image token of a prompt shows.

A prompt holds the patches of the whole picture row by row, p in all. Some models add tokens: a CLS
token before them, or finer views of parts of the picture after them, with an end mark a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

NO_PATCH = -1
ANY_SIDE = 336
"""Pixels a side, about, at which pictures are shown to models that take pictures of any size."""
NO_CELL = -2
"""Fills up the cells of a picture that has fewer than another of its batch."""


@dataclass(frozen=True)
class Views:
    """How a model cuts pictures into patches."""

    grid: tuple[int, int]
    leading: int = 0
    """Image tokens before the first patch: the CLS token of a tower that keeps it."""
    pinpoints: tuple[tuple[int, int], ...] = ()
    """Sizes (height, width) that finer views may have; none where there is the whole view alone."""
    side: int = 0
    """Height and width of one view in pixels."""
    merged: int = 1
    """How many tower tokens the projector makes one patch of; 0 where none can tell."""

    @property
    def n_patches(self) -> int:
        return self.grid[0] * self.grid[1]

    def places(
        self, image: Bool[Tensor, "b t"], sizes: Int[Tensor, "b 2"] | None = None
    ) -> Int[Tensor, "b t"]:
        """The patch that each position shows; -1 where it shows none.

        `sizes` are the pictures' own heights and widths, for models with finer views. Raises
        ValueError where a prompt holds another number of image tokens than the grid has.
        """
        found = torch.full(image.shape, NO_PATCH)
        for row, tokens in enumerate(image):
            at = tokens.nonzero().flatten()
            if len(at):
                shown = self._shown(len(at), None if sizes is None else sizes[row].tolist())
                found[row, at] = torch.from_numpy(shown)
        return found

    def cells(self, n: int, sizes: Int[Tensor, "b 2"] | None = None) -> Int[Tensor, "b c"]:
        """The patch under each cell that the projector reads of n pictures, view by view.

        -1 for a class token and for the rim of finer views that no picture fills, -2 where a
        picture has no such cell.
        """
        whole = np.concatenate([np.full(self.leading, NO_PATCH), np.arange(self.n_patches)])
        rows = []
        for row in range(n):
            views = [whole]
            if self.pinpoints and sizes is not None:
                views += self._tiles(sizes[row].tolist())
            rows.append(torch.from_numpy(np.concatenate(views)))
        return torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=NO_CELL)

    def _tiles(self, size: list[int]) -> list[Int[np.ndarray, " c"]]:
        """The patch under each cell of each finer view, its rim included."""
        under, (high, wide) = self._under(size), self.grid
        apart = under.reshape(len(under) // high, high, under.shape[1] // wide, wide)
        tiles = apart.transpose(0, 2, 1, 3).reshape(-1, high * wide)
        return [np.concatenate([np.full(self.leading, NO_PATCH), tile]) for tile in tiles]

    def _shown(self, n: int, size: list[int] | None) -> Int[np.ndarray, " n"]:
        whole = np.arange(self.n_patches)
        parts = [np.full(self.leading, NO_PATCH), whole]
        if self.pinpoints and size is not None:
            parts.append(self._finer(size))
        shown = np.concatenate(parts)
        if len(shown) != n:
            rows, columns = self.grid
            raise ValueError(
                f"a prompt holds {n} image tokens, wanted {len(shown)} for a grid of {rows} x "
                f"{columns} patches: are processor and model made for each other?"
            )
        return shown

    def _finer(self, size: list[int]) -> Int[np.ndarray, " f"]:
        """Patches of the whole picture under the tokens of its finer views, end marks as none."""
        under = self._under(size)
        shows = under != NO_PATCH
        under = under[shows.any(1)][:, shows.any(0)]
        ends = np.full((len(under), 1), NO_PATCH)
        return np.concatenate([under, ends], axis=1).ravel()

    def _under(self, size: list[int]) -> Int[np.ndarray, "r c"]:
        """Patches of the whole picture under the cells of its finer views side by side.

        The picture lies in their middle; the rim that it does not fill shows none.
        """
        from transformers.image_processing_utils import select_best_resolution

        best: tuple[int, int] = select_best_resolution(tuple(size), list(self.pinpoints))
        rows, columns = (g * b // self.side for g, b in zip(self.grid, best, strict=True))
        (height, width), above, left = size, 0, 0
        if width / height > columns / rows:
            above = (rows - int(round(height * (columns / width), 7))) // 2
        else:
            left = (columns - int(round(width * (rows / height), 7))) // 2
        scale = min(best[0] / height, best[1] / width)
        down = self._along(rows, height * scale, best[0], self.grid[0])
        across = self._along(columns, width * scale, best[1], self.grid[1])
        under = np.full((rows, columns), NO_PATCH)
        inside = slice(above, rows - above), slice(left, columns - left)
        under[inside] = (down[:, None] * self.grid[1] + across[None])[inside]
        return under

    def _along(self, cells: int, length: float, whole: int, grid: int) -> Int[np.ndarray, " c"]:
        """The row (or column) of the whole picture that the middle of each cell lies in.

        The picture takes `length` of `whole` pixels, and lies in the middle of them.
        """
        length = min(math.ceil(length), whole)
        middle = (np.arange(cells) + 0.5) * whole / cells - (whole - length) // 2
        return np.clip(np.floor(middle * grid / length), 0, grid - 1).astype(int)


MERGING = frozenset({"qwen2_vl", "qwen3_vl", "qwen3_vl_moe"})
"""Models whose projector reads a square of tower tokens after the other, row by row of patches."""


def merged_by(model: Any) -> int:
    """How many tower tokens become one patch: 1 where none are merged, 0 where none can tell."""
    merge = getattr(getattr(model.config, "vision_config", None), "spatial_merge_size", None)
    if merge is None:
        return 1
    return int(merge) ** 2 if model.config.model_type in MERGING else 0


def any_side(vision: Any) -> int:
    """The side at which pictures are shown to models that take any: whole patches alone."""
    sizes = (getattr(vision, name, 1) for name in ("patch_size", "spatial_merge_size"))
    patch, merge = (size if isinstance(size, int) else 1 for size in sizes)
    return max(ANY_SIDE // (patch * merge), 1) * patch * merge


def views_of(model: Any, processor: Any, n_tokens: int, pixels: int | None = None) -> Views:
    """How a model cuts a square picture of the tower's own size, for which it has n image tokens.

    A model whose processor names no sizes of finer views has the whole view alone; where that is
    coarser than the tower's own patches, tokens are taken to be a square of merged patches. A tower
    may be shown fewer `pixels` than it was made for (DINOv2): its patches are theirs then.
    """
    vision = getattr(model.config, "vision_config", None)
    side, patch = (getattr(vision, name, None) for name in ("image_size", "patch_size"))
    if pixels and isinstance(patch, int) and (pixels // patch) ** 2 == n_tokens:
        side = pixels
    pinpoints = getattr(processor.image_processor, "image_grid_pinpoints", None) or ()
    full = getattr(model.config, "vision_feature_select_strategy", None) == "full"
    leading = int(getattr(processor, "num_additional_image_tokens", 0)) if full else 0
    if isinstance(side, int) and isinstance(patch, int) and n_tokens >= (side // patch) ** 2:
        grid = side // patch
        return Views((grid, grid), leading, tuple((h, w) for h, w in pinpoints), side)
    root = int(n_tokens**0.5)
    if root**2 != n_tokens:
        raise ValueError(
            f"a square picture takes {n_tokens} image tokens, wanted a square number of patches: "
            f"are processor and model made for each other?"
        )
    return Views((root, root), merged=merged_by(model))
