"""An open_clip vision transformer as transformers' own class: equal hidden states."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor
from transformers import CLIPImageProcessor, CLIPVisionConfig, CLIPVisionModel

from benchmark.messages.raised import one_line, with_kind

CONFIG_FILE, WEIGHTS_FILE = "open_clip_config.json", "open_clip_model.safetensors"
VISION = {
    "layers": 12,
    "width": 768,
    "head_width": 64,
    "mlp_ratio": 4.0,
    "patch_size": 16,
    "image_size": 224,
}
"""What open_clip takes where a configuration does not say."""
UNKNOWN = ("timm_model_name", "act_kwargs", "norm_kwargs", "qk_norm", "scaled_cosine_attn")
"""Options of open_clip that change a tower and that transformers' class does not have."""
RESAMPLING = {"nearest": 0, "bilinear": 2, "bicubic": 3}

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


def opened(folder: Path, trained: bool = True) -> tuple[CLIPVisionModel, CLIPImageProcessor]:
    """Tower and image processor of an open_clip folder. Raises ValueError in one line.

    With `trained` false no weights are read: the tower is as transformers draws it.
    """
    try:
        described = json.loads((folder / CONFIG_FILE).read_text())
        model_cfg, preprocess = described["model_cfg"], described["preprocess_cfg"]
        vision, quick_gelu = model_cfg["vision_cfg"], model_cfg.get("quick_gelu", False)
        weights = load_file(folder / WEIGHTS_FILE) if trained else {}
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise ValueError(
            f"{folder} does not open as an open_clip folder ({with_kind(error)}): are "
            f"{CONFIG_FILE} and {WEIGHTS_FILE} whole?"
        ) from error
    if not trained:
        return CLIPVisionModel(config(vision, quick_gelu)).eval(), image_processor(preprocess)
    visual = {
        name.removeprefix("visual."): value.float()
        for name, value in weights.items()
        if name.startswith("visual.")
    }
    tower = converted(visual, config(vision, quick_gelu))
    return tower.eval(), image_processor(preprocess)


def config(vision: Mapping[str, Any], quick_gelu: bool = False) -> CLIPVisionConfig:
    """The same architecture in transformers' words. Raises ValueError where it has none."""
    found = {**VISION, **vision}
    strange = [name for name in UNKNOWN if found.get(name)]
    if strange or not isinstance(found["layers"], int):
        raise ValueError(
            f"the tower has {', '.join(strange) or 'several stages'}, wanted a plain vision "
            f"transformer"
        )
    width = found["width"]
    return CLIPVisionConfig(
        hidden_size=width,
        intermediate_size=int(found["mlp_ratio"] * width),
        num_hidden_layers=found["layers"],
        num_attention_heads=width // found["head_width"],
        image_size=found["image_size"],
        patch_size=found["patch_size"],
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
        raise ValueError(f"no plain vision transformer: {one_line(error)}") from error
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
    """Pictures as the folder's own preprocessing has them. Raises ValueError where it cannot."""
    lacks = [name for name in ("size", "mean", "std") if name not in preprocess]
    if lacks:
        raise ValueError(f"preprocess_cfg does not say {lacks[0]}, wanted size, mean and std")
    size, mode = preprocess["size"], preprocess.get("resize_mode", "shortest")
    edge = size if isinstance(size, int) else size[0]
    how = preprocess.get("interpolation", "bicubic")
    if mode != "shortest" or how not in RESAMPLING or (size != edge and set(size) != {edge}):
        raise ValueError(
            f"pictures are resized to {size} by {mode}, {how}: wanted a square by shortest, "
            f"{' or '.join(RESAMPLING)}"
        )
    return CLIPImageProcessor(
        size={"shortest_edge": edge},
        crop_size={"height": edge, "width": edge},
        image_mean=list(preprocess["mean"]),
        image_std=list(preprocess["std"]),
        resample=RESAMPLING[how],
    )
