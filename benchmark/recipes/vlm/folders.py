"""Writes a pocket VLM: its projector beside a description of parts, or the whole model."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

from safetensors.torch import save_file
from transformers import LlavaForConditionalGeneration, LlavaProcessor

from benchmark.backends.host_parts import PARTS_FILE, PROJECTOR_FILE, Parts, read
from benchmark.backends.hosts import PROJECTOR


def describe(folder: Path, tower: Path, language_model: Path) -> None:
    """Writes which parts a host is made of, by their way from its folder.

    Raises ValueError for a part that is no folder, and where a host of other parts has its
    projector already.
    """
    for part in (tower, language_model):
        if not part.is_dir():
            raise ValueError(f"found no folder {part}, wanted a part of a host there")
    parts = Parts(
        language_model=os.path.relpath(language_model.resolve(), folder.resolve()),
        vision_tower=os.path.relpath(tower.resolve(), folder.resolve()),
    )
    file = folder / PARTS_FILE
    if (folder / PROJECTOR_FILE).exists() and read(folder) != parts:
        raise ValueError(f"{file} names other parts: wanted the same or another --output-path")
    folder.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(asdict(parts), indent=2) + "\n")


def save_projector(model: LlavaForConditionalGeneration, folder: Path) -> None:
    """Writes the projector alone, in half precision."""
    layer = model.get_submodule(PROJECTOR)
    weights = {name: value.half().contiguous() for name, value in layer.state_dict().items()}
    partial = folder / f"{PROJECTOR_FILE}.partial"
    save_file(weights, partial, metadata={"format": "pt"})
    os.replace(partial, folder / PROJECTOR_FILE)


def save_whole(
    model: LlavaForConditionalGeneration, processor: LlavaProcessor, folder: Path
) -> None:
    """Writes the model and its processor as any hub folder has them, in half precision."""
    folder.mkdir(parents=True, exist_ok=True)
    half = LlavaForConditionalGeneration(model.config)
    half.load_state_dict(model.state_dict())
    half.generation_config = model.generation_config
    parts: tuple[Any, ...] = (half.config.text_config, half.config.vision_config)
    for part in parts:
        part._name_or_path = ""  # where a part was read from is nobody's business
    half.half().save_pretrained(folder)
    processor.save_pretrained(folder)
