"""The one code path into open_clip: with the weights that a name stands for, or with drawn ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from benchmark.backends.clip_folders import CONFIG_FILE
from benchmark.backends.drawing import drawing
from benchmark.backends.hub import Repository
from benchmark.backends.quiet import quiet

PRECISIONS = {"float32": "fp32", "bfloat16": "pure_bf16", "float16": "pure_fp16"}
PREPROCESSING = {
    "image_mean": "mean",
    "image_std": "std",
    "image_interpolation": "interpolation",
    "image_resize_mode": "resize_mode",
}
"""Arguments of open_clip, and what its tags of weights call them."""

Opened = tuple[nn.Module, Callable[[Any], Tensor], Callable[[list[str]], Tensor]]
"""A frozen model in evaluation mode, its transform of a picture, its tokenizer."""


def opened(
    name: str, pretrained: str | None, quick_gelu: bool, device: torch.device, dtype: str
) -> Opened:
    """The same calls for a folder (`local-dir:…`) and for a hub model; raises what they raise."""
    with quiet():
        import open_clip

        model, _, transform = open_clip.create_model_and_transforms(
            name,
            pretrained=pretrained,
            precision=PRECISIONS[dtype],
            device=device,
            force_quick_gelu=quick_gelu,
            require_pretrained=True,
        )
        tokenizer = open_clip.get_tokenizer(name)
    return model.eval().requires_grad_(False), transform, tokenizer


def untrained(
    name: str, pretrained: str | None, quick_gelu: bool, device: torch.device, dtype: str
) -> Opened:
    """The same model, transform and tokenizer, its weights as open_clip draws them from the seed.

    No file of weights is read or fetched: of a repository its configuration, of a tag of weights
    what open_clip knows of it.
    """
    with quiet():
        import open_clip

        tag = open_clip.pretrained.get_pretrained_cfg(name, pretrained) if pretrained else {}
        place = _described(name.removeprefix("hf-hub:")) if name.startswith("hf-hub:") else name
        with drawing():
            model, _, transform = open_clip.create_model_and_transforms(
                place,
                load_weights=False,
                pretrained_text=False,
                precision=PRECISIONS[dtype],
                device=device,
                force_quick_gelu=quick_gelu,
                **{ours: tag.get(theirs) for ours, theirs in PREPROCESSING.items()},
            )
        tokenizer = open_clip.get_tokenizer(name)
    return model.eval().requires_grad_(False), transform, tokenizer


def _described(repository: str) -> str:
    """The folder of the hub's cache that a repository's configuration, and no more, came to."""
    import open_clip

    file = open_clip.factory.download_pretrained_from_hf(repository, filename=CONFIG_FILE)
    return f"local-dir:{Path(file).parent}"


def holder(name: str, pretrained: str | None) -> Repository | None:
    """The repository of the hub that weights come from; None where they come from elsewhere."""
    import open_clip

    if name.startswith("hf-hub:"):
        return Repository.named(name.removeprefix("hf-hub:"))
    tag = open_clip.pretrained.get_pretrained_cfg(name, pretrained) if pretrained else {}
    place = (tag or {}).get("hf_hub", "").split("/")
    return Repository("/".join(place[:2])) if len(place) > 1 else None


def wants_quick_gelu(arch: str, pretrained: str) -> bool:
    """Whether these weights were trained with QuickGELU though the architecture's name lacks it.

    Raises ValueError, one line, where the name has it and the weights were trained without.
    """
    import open_clip

    config = open_clip.get_model_config(arch) or {}
    tag = open_clip.pretrained.get_pretrained_cfg(arch, pretrained) or {}
    wants, has = bool(tag.get("quick_gelu")), bool(config.get("quick_gelu"))
    if tag and has and not wants:
        raise ValueError(
            f"clip:{arch}/{pretrained} was trained without QuickGELU: drop '-quickgelu' from the "
            f"name"
        )
    return wants and not has
