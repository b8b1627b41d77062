"""Turns pictures into what a vision tower reads, by the model's own image processor."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool
from PIL import Image
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PictureReader:
    """The image processor of a model: its sizes, its means, its deviations."""

    processor: Any
    device: torch.device
    dtype: torch.dtype

    def __call__(self, pictures: np.ndarray | Sequence[Any]) -> dict[str, Tensor]:
        """Preprocessed pictures: PIL images, or uint8 RGB [b, h, w, 3].

        Raises ValueError on arrays of another kind.
        """
        if isinstance(pictures, np.ndarray):
            if pictures.dtype != np.uint8 or pictures.ndim != 4 or pictures.shape[3] != 3:
                raise ValueError(
                    f"pictures are {pictures.dtype} {list(pictures.shape)}, wanted uint8 "
                    f"[b, h, w, 3]"
                )
            more: dict[str, Any] = {"input_data_format": "channels_last"}
        else:
            pictures = [_coloured(picture) for picture in pictures]
            more = {}
        found = self.processor(images=list(pictures), return_tensors="pt", **more)
        return {name: self._moved(value) for name, value in found.items()}

    def _moved(self, value: Tensor) -> Tensor:
        floats = value.is_floating_point()
        return value.to(self.device, self.dtype) if floats else value.to(self.device)


def _coloured(picture: Any) -> Any:
    return picture.convert("RGB") if isinstance(picture, Image.Image) else picture


def real_patches(inputs: dict[str, Tensor], n: int) -> Bool[Tensor, "b n"]:
    """Which of a tower's n patch tokens show a picture; pictures of own shape have padding."""
    mask = inputs.get("pixel_attention_mask")
    if mask is None:
        pixels = inputs["pixel_values"]
        return torch.ones(len(pixels), n, dtype=torch.bool, device=pixels.device)
    return mask.bool()
