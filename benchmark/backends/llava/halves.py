"""What of a vision-language model stands between its halves, and what its text alone depends on."""

from __future__ import annotations

import json
from typing import Any

from torch import Tensor

from benchmark.backends.clip_loading import hash_of
from benchmark.backends.hosts import PROJECTOR
from benchmark.backends.llava.chat import Chat


def linear_projector(model: Any) -> dict[str, Tensor]:
    """Weight and bias of a host's projector, by the names that a patch replaces them under."""
    layer = model.get_submodule(PROJECTOR)
    return {f"{PROJECTOR}.{name}": getattr(layer, name) for name in ("weight", "bias")}


def text_revision(model: Any, chat: Chat) -> str:
    """What texts that are read without a picture depend on: decoder, tokenizer and template.

    Not what the tokenizer was last asked for: it keeps how the last batch was padded.
    """
    config = model.config.get_text_config(decoder=True).to_json_string()
    words = json.loads(chat.tokenizer.backend_tokenizer.to_str())
    lasting = {key: value for key, value in words.items() if key not in ("padding", "truncation")}
    written = json.dumps(lasting, sort_keys=True) + repr(chat.plain) + config
    return hash_of(model.get_decoder().state_dict(), written)
