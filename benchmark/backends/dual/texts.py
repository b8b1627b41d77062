"""Turns captions into what a text tower reads, as its family was taught to read them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.backends.dual.families import Family


@dataclass(frozen=True, eq=False)
class Texts:
    """A batch of captions as the tower reads them, and which tokens are their own."""

    inputs: dict[str, Tensor]
    real: Bool[Tensor, "b t"]
    """Tokens of the captions, start and end marks included; never padding."""


@dataclass(frozen=True, eq=False)
class TextReader:
    """The tokenizer of a model, asked in the one way that its family was trained with."""

    tokenizer: Any
    family: Family
    length: int
    """The longest caption that the tower reads, in tokens; longer ones are cut there."""
    device: torch.device

    def __call__(self, captions: Sequence[str]) -> Texts:
        """Captions padded on the right. Raises ValueError where one is left without any token."""
        lower = self.family.lower_case
        found = self.tokenizer(
            [caption.lower() if lower else caption for caption in captions],
            padding="max_length" if self.family.fixed_length else "longest",
            padding_side="right",
            truncation=True,
            max_length=self.length,
            return_attention_mask=True,
            return_tensors="pt",
        )
        real = found["attention_mask"].bool()
        if not bool(real.any(1).all()):
            first = int((~real.any(1)).int().argmax())
            raise ValueError(f"no token is left of caption {first}, {captions[first]!r}")
        inputs = {"input_ids": found["input_ids"].to(self.device)}
        if self.family.masked:
            inputs["attention_mask"] = found["attention_mask"].to(self.device)
        return Texts(inputs, real.to(self.device))

    def counts(self, captions: Sequence[str]) -> Int[Tensor, " b"]:
        """How many tokens of its own each caption has."""
        return self(captions).real.sum(1).cpu()

    @property
    def described(self) -> dict[str, Any]:
        """What the numbers depend on, beside the tokenizer's own files."""
        return {
            "length": self.length,
            "padded": "to the whole length" if self.family.fixed_length else "to the longest",
            "lower_case": self.family.lower_case,
            "padding_read": not self.family.masked,
        }
