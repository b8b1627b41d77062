"""Vision-language models at weights drawn from a seed; all else is what it is with trained ones."""

from __future__ import annotations

from pathlib import Path

import torch
from transformers import (
    AutoModelForImageTextToText,
    AutoProcessor,
    LlavaForConditionalGeneration,
)

from benchmark.backends import hosts
from benchmark.backends.drawing import drawing, drawn
from benchmark.backends.host_caps import cap
from benchmark.backends.llava.loading import NOTHING_WRONG, Found
from benchmark.backends.llava.names import Source


def whole(source: Source, device: torch.device) -> Found:
    """A folder's or hub id's model as its class draws it, from its configuration alone.

    A linear projector stays what it is in a host of parts: one layer, then the unit matrix.
    """
    del device
    revision = None if source.repository is None else source.repository.revision
    processor = AutoProcessor.from_pretrained(source.place, revision=revision)
    with drawing():
        model = drawn(AutoModelForImageTextToText, source.place, revision)
    linear = getattr(model.config, "projector_hidden_act", "") == "linear"
    if linear and isinstance(model, LlavaForConditionalGeneration):
        hosts.make_linear(model)
    if isinstance(model, LlavaForConditionalGeneration):
        cap(model)
    return model.to(getattr(torch, source.dtype)), processor, NOTHING_WRONG


def host(source: Source, device: torch.device) -> Found:
    """A host of parts, each from its configuration alone: tower, language model, projector."""
    del device
    model, processor = hosts.untrained(Path(source.place))
    return model.to(getattr(torch, source.dtype)), processor, NOTHING_WRONG
