"""Figures of dual encoders: CLIP, MetaCLIP, SigLIP, SigLIP 2, AIMv2."""

from __future__ import annotations

from benchmark.planning.configs import BASE, LARGE, Config, Known, blocks


def _clip(patch: int, image: Config, text: Config, joint: int, side: int = 224) -> Config:
    vision = {"patch_size": patch, "image_size": side, "projection_dim": joint, **image}
    words = {"vocab_size": 49408, "max_position_embeddings": 77, "projection_dim": joint, **text}
    return {
        "model_type": "clip",
        "projection_dim": joint,
        "vision_config": vision,
        "text_config": words,
    }


def _siglip(sizes: Config, vocabulary: int, **vision: int) -> Config:
    """Both towers alike; of NaFlex the pictures have so many patches, and no side."""
    return {
        "model_type": "siglip2" if "num_patches" in vision else "siglip",
        "vision_config": {**sizes, **vision},
        "text_config": {
            "vocab_size": vocabulary,
            "max_position_embeddings": 64,
            "projection_size": sizes["hidden_size"],
            **sizes,
        },
    }


SMALL_TEXT, LARGE_TEXT = blocks(512, 2048, 12, 8), blocks(768, 3072, 12, 12)
SO400M = blocks(1152, 4304, 27, 16)
AIMV2_LIT = {
    "model_type": "aimv2",
    "projection_dim": 768,
    "vision_config": {"patch_size": 14, "image_size": 224, **blocks(1024, 2816, 24, 8)},
    "text_config": {
        "vocab_size": 49408,
        "max_position_embeddings": 77,
        **blocks(768, 2048, 12, 6),
    },
}

DUAL: dict[str, Known] = {
    "openai/clip-vit-base-patch32": Known(_clip(32, BASE, SMALL_TEXT, 512), 0.61),
    "openai/clip-vit-base-patch16": Known(_clip(16, BASE, SMALL_TEXT, 512), 0.60),
    "openai/clip-vit-large-patch14": Known(_clip(14, LARGE, LARGE_TEXT, 768), 1.71),
    "openai/clip-vit-large-patch14-336": Known(_clip(14, LARGE, LARGE_TEXT, 768, 336), 1.71),
    "facebook/metaclip-b32-400m": Known(_clip(32, BASE, SMALL_TEXT, 512), 0.61),
    "google/siglip-base-patch16-224": Known(
        _siglip(BASE, 32000, patch_size=16, image_size=224), 0.81
    ),
    "google/siglip-so400m-patch14-384": Known(
        _siglip(SO400M, 32000, patch_size=14, image_size=384), 3.51
    ),
    "google/siglip2-base-patch16-224": Known(
        _siglip(BASE, 256000, patch_size=16, image_size=224), 1.50
    ),
    "google/siglip2-base-patch16-naflex": Known(
        _siglip(BASE, 256000, patch_size=16, num_patches=256), 1.50
    ),
    "google/siglip2-so400m-patch14-384": Known(
        _siglip(SO400M, 256000, patch_size=14, image_size=384), 4.54
    ),
    "apple/aimv2-large-patch14-224-lit": Known(AIMV2_LIT, 1.75),
}
