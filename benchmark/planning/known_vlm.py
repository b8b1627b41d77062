"""Figures of vision-language models: LLaVA and Qwen3-VL."""

from __future__ import annotations

from benchmark.planning.configs import LARGE, Config, Known, blocks

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
    **blocks(4096, 11008, 32, 32),
}
MISTRAL_7B = {
    "model_type": "mistral",
    "vocab_size": 32064,
    "num_key_value_heads": 8,
    **blocks(4096, 14336, 32, 32),
}
LLAMA_8B = {
    "model_type": "llama",
    "vocab_size": 128320,
    "num_key_value_heads": 8,
    **blocks(4096, 14336, 32, 32),
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


QWEN_8B = _qwen("qwen3_vl", 4096, {"num_key_value_heads": 8, **blocks(4096, 12288, 36, 32)})
QWEN_30B = _qwen(
    "qwen3_vl_moe",
    2048,
    {
        "num_key_value_heads": 4,
        "num_experts": 128,
        "num_experts_per_tok": 8,
        "moe_intermediate_size": 768,
        **blocks(2048, 6144, 48, 32),
    },
)

VLM: dict[str, Known] = {
    "llava-hf/llava-1.5-7b-hf": Known(_llava(LLAMA_7B, "llava"), 14.1),
    "llava-hf/llava-v1.6-mistral-7b-hf": Known(_llava(MISTRAL_7B), 15.1, pinpoints=NEXT_VIEWS),
    "llava-hf/llama3-llava-next-8b-hf": Known(_llava(LLAMA_8B), 16.7, pinpoints=NEXT_VIEWS),
    "Qwen/Qwen3-VL-8B-Instruct": Known(QWEN_8B, 17.5, side=320),
    "Qwen/Qwen3-VL-30B-A3B-Instruct": Known(QWEN_30B, 62.2, side=320),
}
