"""Figures of what hosts are made of: language models, and towers that are no dual encoder."""

from __future__ import annotations

from benchmark.planning.configs import BASE, LARGE, Config, Known, blocks


def _gemma2(heads_read: int, sizes: Config) -> Config:
    return {
        "model_type": "gemma2",
        "vocab_size": 256000,
        "num_key_value_heads": heads_read,
        "head_dim": 256,
        **sizes,
    }


def _dinov2(sizes: Config) -> Config:
    """Made for pictures of 518 pixels a side."""
    return {"model_type": "dinov2", "patch_size": 14, "image_size": 518, **sizes}


GEMMA_2B = _gemma2(4, blocks(2304, 9216, 26, 8))
GEMMA_9B = _gemma2(8, blocks(3584, 14336, 42, 16))
LLAMA_31 = {
    "model_type": "llama",
    "vocab_size": 128256,
    "num_key_value_heads": 8,
    "tie_word_embeddings": False,
    **blocks(4096, 14336, 32, 32),
}
IJEPA_H = {
    "model_type": "ijepa",
    "patch_size": 14,
    "image_size": 224,
    **blocks(1280, 5120, 32, 16),
}
SHOWN = 224
"""Pixels a side that the processors of DINOv2 crop pictures to."""

PARTS: dict[str, Known] = {
    "google/gemma-2-2b": Known(GEMMA_2B, 10.5, gated=True),
    "google/gemma-2-2b-it": Known(GEMMA_2B, 5.23, gated=True),
    "google/gemma-2-9b-it": Known(GEMMA_9B, 18.5, gated=True),
    "meta-llama/Llama-3.1-8B": Known(LLAMA_31, 16.1, gated=True),
    "meta-llama/Llama-3.1-8B-Instruct": Known(LLAMA_31, 16.1, gated=True),
    "facebook/dinov2-base": Known(_dinov2(BASE), 0.35, side=SHOWN),
    "facebook/dinov2-large": Known(_dinov2(LARGE), 1.22, side=SHOWN),
    "facebook/ijepa_vith14_1k": Known(IJEPA_H, 2.52),
}
