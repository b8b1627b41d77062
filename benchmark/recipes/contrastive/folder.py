"""Writes and opens the pocket model as an open_clip folder, read like any other `local-dir:`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import open_clip
import torch
from safetensors.torch import save as to_bytes

from benchmark.recipes import word_tokenizer

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
PIXEL_MEAN, PIXEL_STD = (0.65, 0.65, 0.6), (0.27, 0.26, 0.25)
CONTEXT_LENGTH = 48
IMAGE_PX, PATCH_PX = 96, 16


def config() -> dict[str, Any]:
    """open_clip's own description of the model and of its preprocessing."""
    vision = {"layers": 4, "width": 160, "head_width": 32, "patch_size": PATCH_PX}
    text = {"context_length": CONTEXT_LENGTH, "width": 128, "heads": 4, "layers": 3}
    return {
        "model_cfg": {
            "embed_dim": 128,
            "vision_cfg": vision | {"image_size": IMAGE_PX},
            "text_cfg": text
            | {
                "vocab_size": len(word_tokenizer.build()),
                "hf_tokenizer_name": "pocket-clip",
            },
        },
        "preprocess_cfg": {
            "size": IMAGE_PX,
            "mode": "RGB",
            "mean": list(PIXEL_MEAN),
            "std": list(PIXEL_STD),
            "interpolation": "bicubic",
            "resize_mode": "shortest",
        },
    }


def fresh_model(seed: int) -> open_clip.CLIP:
    """An open_clip model with initial weights."""
    cfg = config()["model_cfg"]
    torch.manual_seed(seed)
    return open_clip.CLIP(cfg["embed_dim"], cfg["vision_cfg"], dict(cfg["text_cfg"]))


def save(model: open_clip.CLIP, folder: Path) -> None:
    """Writes configuration, tokenizer and fp16 weights, the weights last and all at once."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / CONFIG_FILE).write_text(json.dumps(config(), indent=2) + "\n")
    word_tokenizer.save(folder)
    weights = {name: value.half().contiguous() for name, value in model.state_dict().items()}
    partial = folder / f"{WEIGHTS_FILE}.partial"
    partial.write_bytes(to_bytes(weights, metadata={"format": "pt"}))
    os.replace(partial, folder / WEIGHTS_FILE)


def load(folder: Path) -> tuple[open_clip.CLIP, Any, Any]:
    """(model, preprocessing, tokenizer) through exactly the calls for any other open_clip model."""
    name = f"local-dir:{folder}"
    model, _, preprocess = open_clip.create_model_and_transforms(name)
    return model.eval(), preprocess, open_clip.get_tokenizer(name)
