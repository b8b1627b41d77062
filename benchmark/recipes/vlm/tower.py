"""The vision tower of the pocket VLMs: transformers' own class, from open_clip weights or fresh."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

from benchmark.recipes.contrastive import folder as clip_folder

GRID = clip_folder.IMAGE_PX // clip_folder.PATCH_PX

_PLAIN = {
    "class_embedding": "embeddings.class_embedding",
    "positional_embedding": "embeddings.position_embedding.weight",
    "conv1.weight": "embeddings.patch_embedding.weight",
    "ln_pre": "pre_layrnorm",
    "ln_post": "post_layernorm",
}
_BLOCK = {
    "ln_1": "layer_norm1",
    "ln_2": "layer_norm2",
    "mlp.c_fc": "mlp.fc1",
    "mlp.c_proj": "mlp.fc2",
    "attn.out_proj": "self_attn.out_proj",
}


def config() -> CLIPVisionConfig:
    """The same tower as pocket-clip's."""
    vision = clip_folder.config()["model_cfg"]["vision_cfg"]
    return CLIPVisionConfig(
        hidden_size=vision["width"],
        intermediate_size=4 * vision["width"],
        num_hidden_layers=vision["layers"],
        num_attention_heads=vision["width"] // vision["head_width"],
        image_size=vision["image_size"],
        patch_size=vision["patch_size"],
        hidden_act="gelu",
        layer_norm_eps=1e-5,
    )


def fresh(seed: int) -> CLIPVisionModel:
    """The tower with initial weights."""
    torch.manual_seed(seed)
    return CLIPVisionModel(config())


def from_open_clip(visual: Mapping[str, Tensor]) -> CLIPVisionModel:
    """The tower with the weights of an open_clip vision transformer: equal hidden states.

    Raises KeyError or RuntimeError where the weights are those of another architecture.
    """
    width = visual["class_embedding"].shape[0]
    state: dict[str, Tensor] = {}
    for name, value in visual.items():
        if name == "proj":
            continue
        stem, _, kind = name.rpartition(".")
        if not name.startswith("transformer.resblocks."):
            state[_PLAIN[name] if name in _PLAIN else f"{_PLAIN[stem]}.{kind}"] = value
            continue
        _, _, block, inner = name.split(".", 3)
        if inner.startswith("attn.in_proj_"):
            parts = zip("qkv", value.split(width), strict=True)
            kind = inner.removeprefix("attn.in_proj_")
            state |= {
                f"encoder.layers.{block}.self_attn.{which}_proj.{kind}": rows
                for which, rows in parts
            }
            continue
        stem, _, kind = inner.rpartition(".")
        state[f"encoder.layers.{block}.{_BLOCK[stem]}.{kind}"] = value
    tower = CLIPVisionModel(config())
    tower.load_state_dict(state)
    return tower


def image_processor() -> CLIPImageProcessor:
    """Pocket pictures as pocket-clip's own preprocessing has them."""
    size = clip_folder.IMAGE_PX
    return CLIPImageProcessor(
        size={"shortest_edge": size},
        crop_size={"height": size, "width": size},
        image_mean=list(clip_folder.PIXEL_MEAN),
        image_std=list(clip_folder.PIXEL_STD),
    )
