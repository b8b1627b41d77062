"""An open_clip vision transformer as transformers' own class: equal hidden states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
HEAD_WIDTH, MLP_RATIO = 64, 4.0
"""open_clip's own defaults."""

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


def opened(folder: Path) -> tuple[CLIPVisionModel, CLIPImageProcessor]:
    """Tower and image processor of an open_clip folder. Raises ValueError in one line."""
    described = json.loads((folder / CONFIG_FILE).read_text())
    weights = load_file(folder / WEIGHTS_FILE)
    visual = {
        name.removeprefix("visual."): value.float()
        for name, value in weights.items()
        if name.startswith("visual.")
    }
    model_cfg = described["model_cfg"]
    tower = converted(visual, config(model_cfg["vision_cfg"], model_cfg.get("quick_gelu", False)))
    return tower.eval(), image_processor(described["preprocess_cfg"])


def config(vision: Mapping[str, Any], quick_gelu: bool = False) -> CLIPVisionConfig:
    """The same architecture in transformers' words. Raises ValueError where it has none."""
    if "timm_model_name" in vision or not isinstance(vision["layers"], int):
        raise ValueError("the tower is no plain vision transformer, wanted one")
    width = vision["width"]
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=int(vision.get("mlp_ratio", MLP_RATIO) * width),
        num_hidden_layers=vision["layers"],
        num_attention_heads=width // vision.get("head_width", HEAD_WIDTH),
        image_size=vision["image_size"],
        patch_size=vision["patch_size"],
        hidden_act="quick_gelu" if quick_gelu else "gelu",
        layer_norm_eps=1e-5,
    )


def converted(visual: Mapping[str, Tensor], described: CLIPVisionConfig) -> CLIPVisionModel:
    """The tower with these weights. Raises ValueError where they are of another architecture."""
    state: dict[str, Tensor] = {}
    for name, value in visual.items():
        if name != "proj":
            state |= _renamed(name, value, described.hidden_size)
    tower = CLIPVisionModel(described)
    try:
        tower.load_state_dict(state)
    except RuntimeError as error:
        raise ValueError(f"no plain vision transformer: {' '.join(str(error).split())}") from error
    return tower


def _renamed(name: str, value: Tensor, width: int) -> dict[str, Tensor]:
    """One open_clip weight under transformers' name, or under three."""
    stem, _, kind = name.rpartition(".")
    if not name.startswith("transformer.resblocks."):
        if name not in _PLAIN and stem not in _PLAIN:
            raise ValueError(f"no plain vision transformer: it has a weight {name}")
        return {_PLAIN[name] if name in _PLAIN else f"{_PLAIN[stem]}.{kind}": value}
    _, _, block, inner = name.split(".", 3)
    layer = f"encoder.layers.{block}"
    if inner.startswith("attn.in_proj_"):
        kind = inner.removeprefix("attn.in_proj_")
        parts = zip("qkv", value.split(width), strict=True)
        return {f"{layer}.self_attn.{which}_proj.{kind}": rows for which, rows in parts}
    stem, _, kind = inner.rpartition(".")
    if stem not in _BLOCK:
        raise ValueError(f"no plain vision transformer: it has a weight {name}")
    return {f"{layer}.{_BLOCK[stem]}.{kind}": value}


def image_processor(preprocess: Mapping[str, Any]) -> CLIPImageProcessor:
    """Pictures as the folder's own preprocessing has them."""
    size = preprocess["size"]
    edge = size if isinstance(size, int) else size[0]
    return CLIPImageProcessor(
        size={"shortest_edge": edge},
        crop_size={"height": edge, "width": edge},
        image_mean=list(preprocess["mean"]),
        image_std=list(preprocess["std"]),
    )
