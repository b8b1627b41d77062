"""A tiny random open_clip folder with its own tokenizer, and noise pictures to read with it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from PIL import Image
from safetensors.torch import save_file
from tokenizers import Tokenizer, pre_tokenizers, processors
from tokenizers.models import WordLevel
from transformers import PreTrainedTokenizerFast

WORDS = ("a", "the", "red", "blue", "green", "cat", "dog", "sun", "moon", "one", "left", "of", "in")
PX = 32
VISION = {"layers": 3, "width": 24, "head_width": 12, "patch_size": 8, "image_size": PX}
TEXT = {"context_length": 16, "width": 16, "heads": 2, "layers": 2, "vocab_size": len(WORDS) + 4}


@dataclass(frozen=True, eq=False)
class Pictures:
    """Noise with captions of one to nine words."""

    n: int = 12
    px: int = PX
    as_pil: bool = False

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"i{i}" for i in range(self.n))

    @property
    def captions(self) -> tuple[str, ...]:
        rng = np.random.default_rng(5)
        return tuple(" ".join(rng.choice(WORDS, 1 + i % 9)) for i in range(self.n))

    caption_of = property(lambda self: np.arange(self.n))
    concepts = None
    negatives = None
    name, revision, licence, provides, planted = "noise", "1", "none", frozenset(), None

    def split(self, _name: str) -> Pictures:
        return self

    def true_pairs(self) -> np.ndarray:
        return np.stack([np.arange(self.n)] * 2, 1)

    def images(self, start: int, stop: int) -> Any:
        shape = (self.n, self.px, self.px + (3 if self.as_pil else 0), 3)
        noise = np.random.default_rng(6).integers(0, 256, shape, dtype=np.uint8)[start:stop]
        return [Image.fromarray(picture) for picture in noise] if self.as_pil else noise


def save_folder(folder: Path, text: dict[str, Any], extra: dict[str, Any] | None = None) -> Path:
    """A random model with its tokenizer in open_clip's folder format."""
    folder.mkdir()
    model_cfg = {"embed_dim": 20, "vision_cfg": VISION, "text_cfg": text} | (extra or {})
    pre = {"size": PX, "mean": [0.5, 0.4, 0.3], "std": [0.2, 0.3, 0.4]}
    config = {"model_cfg": model_cfg, "preprocess_cfg": pre}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    ids = {word: i for i, word in enumerate(("<pad>", "<unk>", "<start>", *WORDS, "<end>"))}
    core = Tokenizer(WordLevel(ids, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    core.post_processor = processors.TemplateProcessing(
        single="<start> $A <end>", special_tokens=[(t, ids[t]) for t in ("<start>", "<end>")]
    )
    PreTrainedTokenizerFast(
        tokenizer_object=core, pad_token="<pad>", unk_token="<unk>", eos_token="<end>"
    ).save_pretrained(folder)
    torch.manual_seed(0)
    kind = open_clip.CustomTextCLIP if (extra or {}).get("custom_text") else open_clip.CLIP
    model = kind(20, dict(VISION), {k: v for k, v in text.items() if k != "hf_tokenizer_name"})
    for name, value in model.named_parameters():
        if "positional" in name or "class_embedding" in name:
            torch.nn.init.normal_(value)  # positions and CLS that matter
    weights = {name: value.contiguous() for name, value in model.state_dict().items()}
    save_file(weights, folder / "open_clip_model.safetensors")
    return folder
