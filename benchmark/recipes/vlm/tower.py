"""The vision tower of the pocket VLMs at its initial weights: the same as pocket-clip's."""

from __future__ import annotations

import torch
from transformers import CLIPImageProcessor, CLIPVisionModel

from benchmark.backends import open_clip_towers
from benchmark.recipes.contrastive import folder as clip_folder

GRID = clip_folder.IMAGE_PX // clip_folder.PATCH_PX


def fresh(seed: int) -> CLIPVisionModel:
    """The tower with initial weights."""
    torch.manual_seed(seed)
    vision = clip_folder.config()["model_cfg"]["vision_cfg"]
    return CLIPVisionModel(open_clip_towers.config(vision))


def image_processor() -> CLIPImageProcessor:
    """Pocket pictures as pocket-clip's own preprocessing has them."""
    return open_clip_towers.image_processor(clip_folder.config()["preprocess_cfg"])
