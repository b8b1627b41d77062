"""Weights drawn from a seed: the control of a model, the same in all but what it has learned."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

SEED = 0


@contextmanager
def drawing(seed: int = SEED) -> Iterator[None]:
    """What the processor draws inside comes from the seed; outside no generator has moved.

    The numbers are those after `torch.manual_seed`, which would seed accelerators as well.
    """
    with torch.random.fork_rng(devices=[]):
        torch.random.default_generator.manual_seed(seed)
        yield


def drawn(kind: Any, where: str, revision: str | None = None) -> Any:
    """A model of one of transformers' auto classes from a configuration alone, in float32.

    Its weights are those that its own class draws; no file of weights is read or fetched. Raises
    whatever transformers raises where the configuration cannot be had.
    """
    from transformers import AutoConfig, GenerationConfig

    config = AutoConfig.from_pretrained(where, revision=revision)
    model = kind.from_config(config, dtype=torch.float32)
    if model.can_generate():
        with suppress(OSError):  # none was saved: the model's own, as transformers has it
            model.generation_config = GenerationConfig.from_pretrained(
                where, revision=revision or "main"
            )
    return model
