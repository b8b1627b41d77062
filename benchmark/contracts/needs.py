"""What methods and tasks cannot do without, and the words that every file shares."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from enum import Enum
from typing import Any, Literal

Modality = Literal["image", "text"]
MODALITIES: tuple[Modality, Modality] = ("image", "text")
Split = Literal["train", "val", "test", "all"]


class Need(Enum):
    """What a method or a task cannot do without; the value completes the sentence "needs …"."""

    PAIRS = "images paired with texts"
    CONCEPTS = "concept labels"
    SAME_WIDTH = "image and text activations of the same width"
    LATENTS = "sparse latents"
    SECOND_SEED = "a second seed of the same run"
    PLACES = "pictures in which it is known where things are"
    EDITS = "scenes that can be edited and rendered again"
    GENERATION = "a backend that writes text"
    PROJECTOR = "a projector that can be trained"
    TOKENS = "one activation per token"
    PLANTED = "a planted dictionary"
    PATCH = "a method that patches its backend"


class NotApplicableError(Exception):
    """Raised by a task where these data cannot answer it (too few examples): a status, no fault."""


Progress = Callable[[Iterable[Any], str], Iterable[Any]]
"""Wraps an iterable so that its course is shown under a name."""


def silent(steps: Iterable[Any], name: str) -> Iterable[Any]:
    """Progress that shows nothing."""
    del name
    return steps


def derived_seed(*parts: object) -> int:
    """A 63-bit seed that depends on every part and on nothing else."""
    text = "\x1f".join(str(part) for part in parts)
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big") >> 1
