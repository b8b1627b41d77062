"""Turns pictures and texts into prompts as the model reads them, every position accounted for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Bool, Int, UInt8
from PIL import Image
from torch import Tensor

from benchmark.backends.llava.chat import Chat, Words, chat_of
from benchmark.backends.llava.views import Views, any_side, views_of
from benchmark.contracts import Asked

Pictures = Sequence[Any] | np.ndarray
"""PIL images, or one uint8 array [b, h, w, 3]."""
PROBE = "?"


@dataclass(frozen=True, eq=False)
class Prompts(Asked):
    """A batch of prompts that also knows which patch each position shows."""

    picture: Bool[Tensor, "b t"]
    """Every token of a picture: finer views, end marks of their rows and a class token too."""
    patch: Int[Tensor, "b t"]
    """Patch of the grid, row by row, -1 where there is none; finer views of a patch count too."""
    cells: Int[Tensor, "b c"] | None = None
    """The patch under each cell that the projector reads of a picture, view by view: -1 where it
    shows none, -2 where there is no such cell. None where the prompts have no picture."""


@dataclass(frozen=True, eq=False)
class Asker:
    """Makes prompts of one model with its own processor and chat template."""

    processor: Any
    chat: Chat
    views: Views
    image_id: int
    pad_id: int
    device: torch.device
    dtype: torch.dtype
    side: int | None = None
    """Pictures are made squares of so many pixels first, where the grid would follow their size."""

    def alone(self, texts: Sequence[str]) -> Prompts:
        """Texts without a picture."""
        words = self.chat.words(texts, self.chat.plain)
        ids = torch.nn.utils.rnn.pad_sequence(
            [torch.tensor(row) for row in words.ids],
            batch_first=True,
            padding_value=self.pad_id,
            padding_side="left",
        )
        lengths = torch.tensor([len(row) for row in words.ids])
        real = torch.arange(ids.shape[1]) >= ids.shape[1] - lengths[:, None]
        return self._prompts({"input_ids": ids, "attention_mask": real.long()}, words, pictures=0)

    def about(self, pictures: Pictures, texts: Sequence[str]) -> Prompts:
        """Each text after its picture. Raises ValueError where their numbers differ."""
        if len(pictures) != len(texts):
            raise ValueError(
                f"found {len(pictures)} pictures for {len(texts)} texts, wanted one each"
            )
        words = self.chat.words(texts, self.chat.pictured)
        return self._prompts(self._read(pictures, texts), words, pictures=len(pictures))

    def _read(self, pictures: Pictures, texts: Sequence[str]) -> dict[str, Tensor]:
        """What the processor makes of pictures and whole prompts."""
        prompts = self.chat.prompts(texts, self.chat.pictured)
        if self.side is not None:
            pictures = np.stack([squared(picture, self.side) for picture in pictures])
        arrays = isinstance(pictures, np.ndarray)
        found = self.processor(
            images=list(pictures),
            text=prompts,
            padding=True,
            return_tensors="pt",
            add_special_tokens=not self.chat.starts_itself(prompts[0]),
            **({"input_data_format": "channels_last"} if arrays else {}),
        )
        return dict(found)

    def _prompts(self, inputs: dict[str, Tensor], words: Words, *, pictures: int) -> Prompts:
        ids = inputs["input_ids"]
        picture, text = torch.eq(ids, self.image_id), words.positions(ids.shape[1])
        told = [row[place] for row, own in zip(words.ids, words.own, strict=True) for place in own]
        if ids[text].tolist() != told:
            raise ValueError(
                "the processor writes a prompt's own words in other tokens than its tokenizer: "
                "their positions cannot be told"
            )
        sizes = inputs.get("image_sizes")
        patch = self.views.places(picture, sizes)
        cells = self.views.cells(pictures, sizes).to(self.device) if pictures else None
        image = patch >= 0
        image &= image.cumsum(1) <= self.views.n_patches
        moved = {name: self._moved(value) for name, value in inputs.items()}
        there = self.device
        return Prompts(
            inputs=moved,
            image=image.to(there),
            text=text.to(there),
            picture=picture.to(there),
            patch=patch.to(there),
            cells=cells,
        )

    def _moved(self, value: Tensor) -> Tensor:
        floats = value.is_floating_point()
        return value.to(self.device, self.dtype) if floats else value.to(self.device)


def squared(picture: Any, side: int) -> UInt8[np.ndarray, "s s 3"]:
    """A picture, PIL or array, as an RGB square of one size."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    return np.asarray(image.convert("RGB").resize((side, side), Image.Resampling.BICUBIC))


def asker_of(
    model: Any, processor: Any, device: torch.device, name: str, side: int | None = None
) -> Asker:
    """The asker of a model, its patch grid read off one picture of noise.

    With a `side` models that take pictures of any size are shown squares of so many pixels.
    Raises ValueError, one line, where chat template, processor and model do not fit together.
    """
    end = model.generation_config.eos_token_id
    ends = frozenset(end if isinstance(end, list) else [end])
    chat = chat_of(processor, ends, name)
    image_id = int(getattr(model.config, "image_token_id", None) or processor.image_token_id)
    vision = getattr(model.config, "vision_config", None)
    size = getattr(vision, "image_size", None)
    fixed = size if isinstance(size, int) else None
    if fixed is not None and side is not None:
        raise ValueError(f"{name}: its tower reads {fixed} pixels a side: leave side={side} out")
    shown = fixed or side or any_side(vision)
    bare = Asker(
        processor=processor,
        chat=chat,
        views=Views((0, 0)),
        image_id=image_id,
        pad_id=model.generation_config.pad_token_id,
        device=device,
        dtype=model.dtype,
        side=None if fixed else shown,
    )
    noise = np.random.default_rng(0).integers(0, 256, (1, shown, shown, 3)).astype(np.uint8)
    probe = bare._read(noise, [PROBE])
    n_tokens = int((probe["input_ids"] == image_id).sum())
    seen = probe.get("pixel_values")
    pixels = seen.shape[-1] if isinstance(seen, Tensor) and seen.ndim == 4 else None
    try:
        asker = replace(bare, views=views_of(model, processor, n_tokens, pixels))
        asker.about(noise, [PROBE])
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from error
    return asker
