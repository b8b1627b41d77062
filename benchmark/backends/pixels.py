"""A model's own preprocessing for pictures; arrays of the right size skip PIL, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, UInt8
from PIL import Image
from torch import Tensor


@dataclass(frozen=True, eq=False)
class Pixels:
    """Turns pictures into the tensor that the image tower wants.

    `fast` is set only where the model's transform, tried on a noise picture, gave exactly the
    numbers that scaling and normalising the whole batch at once gives.
    """

    transform: Callable[[Any], Tensor]
    size: tuple[int, int]
    mean: Float[Tensor, "3 1 1"]
    std: Float[Tensor, "3 1 1"]
    fast: bool

    def __call__(
        self, pictures: UInt8[np.ndarray, "b h w 3"] | Sequence[Any]
    ) -> Float[Tensor, "b 3 h w"]:
        """Preprocessed pictures. Arrays must be uint8 RGB; raises ValueError otherwise."""
        if not isinstance(pictures, np.ndarray):
            return torch.stack([self.transform(picture) for picture in pictures])
        if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] != 3:
            raise ValueError(
                f"pictures are {pictures.dtype} {list(pictures.shape)}, wanted uint8 [b, h, w, 3]"
            )
        if self.fast and pictures.shape[1:3] == self.size:
            return self.normalised(pictures)
        return torch.stack([self.transform(Image.fromarray(picture)) for picture in pictures])

    def normalised(self, pictures: UInt8[np.ndarray, "b h w 3"]) -> Float[Tensor, "b 3 h w"]:
        """To 0-1, then by mean and deviation of each channel, in the order of the transform."""
        batch = torch.from_numpy(np.ascontiguousarray(pictures)).permute(0, 3, 1, 2)
        return batch.contiguous().float().div_(255).sub_(self.mean).div_(self.std)


def pixels_of(transform: Callable[[Any], Tensor], config: dict[str, Any]) -> Pixels:
    """The preprocessing of a model from its transform and open_clip's `preprocess_cfg`."""
    size = config["size"]
    height, width = (size, size) if isinstance(size, int) else size
    mean, std = (torch.tensor(config[key]).view(3, 1, 1) for key in ("mean", "std"))
    slow = Pixels(transform, (height, width), mean, std, fast=False)
    noise = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    same = torch.equal(slow(noise), slow.normalised(noise))
    return Pixels(transform, (height, width), mean, std, fast=same)
