"""Any vision-language model of transformers: `llava:FOLDER`, `llava:ORG/NAME`, a shipped name.

Sites: `block:l`, the residual stream after decoder block l (0-based), mean over the patch tokens of
a picture and over a caption's own tokens; `block:l/tokens`, every one of them. Of a picture with
finer views these are the tokens of the view that shows all of it. What a model adds to the stream
between two blocks (Qwen3-VL: features of deeper tower layers) is part of the later one. Models
whose projector reads patch by patch have `tower` and `tower/tokens` too: what it reads of pictures,
and captions after the last block. By default captions are read without a picture; with
`?text_pass=joint` each is read after its own picture. With `?weights=untrained` all weights are
drawn from a seed: the control that never learned anything.
"""

from __future__ import annotations

import json

import torch

from benchmark.backends.llava.asking import asker_of
from benchmark.backends.llava.blocks import blocks_of
from benchmark.backends.llava.folders import check
from benchmark.backends.llava.loading import load
from benchmark.backends.llava.model import Llava
from benchmark.backends.llava.names import source
from benchmark.contracts import Need
from benchmark.worlds.scenes import Scenes

SIZES = (4_000, 500, 1_000)
"""Scenes of each split over which the shipped models are run: a picture costs them 42 tokens."""
SPEAKS = frozenset({Need.GENERATION, Need.TOKENS, Need.SAME_WIDTH})


def spelling(spec: str) -> str:
    """The one spelling of what a spec names; a folder is its whole path.

    Raises ValueError, one line, where a name stands for nothing or a folder is not whole.
    """
    found = source(spec)
    check(found)
    return found.spelling


def open_backend(spec: str, *, device: torch.device | str = "cpu") -> Llava:
    """The backend of a shipped name or of `llava:` and a folder or hub id.

    Raises ValueError, one line, where the model cannot be had.
    """
    found, device = source(spec), torch.device(device)
    loaded = load(found, device)
    blocks = blocks_of(loaded.model, spec)
    asker = asker_of(loaded.model, loaded.processor, loaded.device, spec, found.pixels)
    pictures = loaded.processor.image_processor.to_dict()
    reading = {
        "image_processor": pictures,
        "chat_template": loaded.processor.chat_template,
        "text_pass": found.text_pass,
        "side": asker.side,
    }
    return Llava(
        name=spec,
        revision=f"{loaded.revision}+{found.text_pass}",
        preprocessing=json.dumps(reading, sort_keys=True, default=str),
        dtype=found.dtype,
        text_pass=found.text_pass,
        provides=SPEAKS | loaded.offers,
        model=loaded.model,
        blocks=blocks,
        asker=asker,
        data=Scenes(sizes=SIZES) if found.shipped else None,
    )
