"""Figures of models that people ask for, by the names of the hub: what a plan assumes offline.

Each entry has as much of a model's configuration as its size follows from. Where the hub's cache
has the model, its own configuration is read instead.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

Config = dict[str, Any]


@dataclass(frozen=True)
class Known:
    """One repository: its configuration in brief, and what fetching it takes."""

    config: Config
    download_gb: float
    gated: bool = False
    side: int = 0
    """Pixels a side at which pictures are shown, where the model takes any."""
    pinpoints: tuple[tuple[int, int], ...] = ()
    """Sizes of finer views."""


def _clip(patch: int, image: Config, text: Config, joint: int, side: int = 224) -> Config:
    vision = {"patch_size": patch, "image_size": side, "projection_dim": joint, **image}
    words = {"vocab_size": 49408, "max_position_embeddings": 77, "projection_dim": joint, **text}
    return {
        "model_type": "clip",
        "projection_dim": joint,
        "vision_config": vision,
        "text_config": words,
    }


def _blocks(width: int, inner: int, blocks: int, heads: int) -> Config:
    return {
        "hidden_size": width,
        "intermediate_size": inner,
        "num_hidden_layers": blocks,
        "num_attention_heads": heads,
    }


BASE, LARGE = _blocks(768, 3072, 12, 12), _blocks(1024, 4096, 24, 16)
SMALL_TEXT = _blocks(512, 2048, 12, 8)
CLIP_336 = {
    "model_type": "clip_vision_model",
    "patch_size": 14,
    "image_size": 336,
    "projection_dim": 768,
    **LARGE,
}
LLAMA_7B = {
    "model_type": "llama",
    "vocab_size": 32064,
    "num_key_value_heads": 32,
    **_blocks(4096, 11008, 32, 32),
}
MISTRAL_7B = {
    "model_type": "mistral",
    "vocab_size": 32064,
    "num_key_value_heads": 8,
    **_blocks(4096, 14336, 32, 32),
}
LLAMA_8B = {
    "model_type": "llama",
    "vocab_size": 128320,
    "num_key_value_heads": 8,
    **_blocks(4096, 14336, 32, 32),
}
NEXT_VIEWS = ((336, 672), (672, 336), (672, 672), (1008, 336), (336, 1008))
QWEN_TOWER = {
    "depth": 27,
    "hidden_size": 1152,
    "intermediate_size": 4304,
    "num_heads": 16,
    "patch_size": 16,
    "spatial_merge_size": 2,
    "temporal_patch_size": 2,
    "num_position_embeddings": 2304,
    "deepstack_visual_indexes": [8, 16, 24],
}


def _siglip(patch: int, blocks: Config, side: int, vocabulary: int) -> Config:
    return {
        "model_type": "siglip",
        "vision_config": {"patch_size": patch, "image_size": side, **blocks},
        "text_config": {
            "vocab_size": vocabulary,
            "max_position_embeddings": 64,
            "projection_size": blocks["hidden_size"],
            **blocks,
        },
    }


def _llava(text: Config, kind: str = "llava_next") -> Config:
    return {
        "model_type": kind,
        "vision_config": CLIP_336,
        "text_config": text,
        "vision_feature_layer": -2,
        "tie_word_embeddings": False,
    }


def _qwen(kind: str, width: int, text: Config) -> Config:
    words = {
        "model_type": f"{kind}_text",
        "vocab_size": 151936,
        "head_dim": 128,
        "max_position_embeddings": 262144,
        **text,
    }
    return {
        "model_type": kind,
        "vision_config": {**QWEN_TOWER, "model_type": kind, "out_hidden_size": width},
        "text_config": words,
        "tie_word_embeddings": False,
    }


SO400M = _blocks(1152, 4304, 27, 16)
QWEN_8B = _qwen("qwen3_vl", 4096, {"num_key_value_heads": 8, **_blocks(4096, 12288, 36, 32)})
QWEN_30B = _qwen(
    "qwen3_vl_moe",
    2048,
    {
        "num_key_value_heads": 4,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
        **_blocks(2048, 6144, 48, 32),
    },
)
GEMMA_2B = {
    "model_type": "gemma2",
    "vocab_size": 256000,
    "num_key_value_heads": 4,
    "head_dim": 256,
    **_blocks(2304, 9216, 26, 8),
}
LLAMA_31 = {**LLAMA_8B, "vocab_size": 128256, "tie_word_embeddings": False}

MODELS: dict[str, Known] = {
    "openai/clip-vit-base-patch32": Known(_clip(32, BASE, SMALL_TEXT, 512), 0.61),
    "openai/clip-vit-base-patch16": Known(_clip(16, BASE, SMALL_TEXT, 512), 0.60),
    "openai/clip-vit-large-patch14": Known(_clip(14, LARGE, _blocks(768, 3072, 12, 12), 768), 1.71),
    "openai/clip-vit-large-patch14-336": Known(
        _clip(14, LARGE, _blocks(768, 3072, 12, 12), 768, 336), 1.71
    ),
    "google/siglip-so400m-patch14-384": Known(_siglip(14, SO400M, 384, 32000), 3.51),
    "google/siglip2-base-patch16-224": Known(_siglip(16, BASE, 224, 256000), 1.50),
    "google/siglip2-so400m-patch14-384": Known(_siglip(14, SO400M, 384, 256000), 4.54),
    "llava-hf/llava-1.5-7b-hf": Known(_llava(LLAMA_7B, "llava"), 14.1),
    "llava-hf/llava-v1.6-mistral-7b-hf": Known(_llava(MISTRAL_7B), 15.1, pinpoints=NEXT_VIEWS),
    "llava-hf/llama3-llava-next-8b-hf": Known(_llava(LLAMA_8B), 16.7, pinpoints=NEXT_VIEWS),
    "Qwen/Qwen3-VL-8B-Instruct": Known(QWEN_8B, 17.5, side=320),
    "Qwen/Qwen3-VL-30B-A3B-Instruct": Known(QWEN_30B, 62.2, side=320),
    "google/gemma-2-2b": Known(GEMMA_2B, 10.5, gated=True),
    "meta-llama/Llama-3.1-8B": Known(LLAMA_31, 16.1, gated=True),
    "meta-llama/Llama-3.1-8B-Instruct": Known(LLAMA_31, 16.1, gated=True),
}
"""By the id of the hub. Gigabytes are those of the files of weights that are read."""


def known(repository: str) -> Known | None:
    """The figures of a repository of that name, upper or lower case; None where there are none."""
    wanted = repository.lower()
    return next((each for name, each in MODELS.items() if name.lower() == wanted), None)
