"""Tiny random vision-language models in folders, built by the recipes' own assembly."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import (
    CLIPVisionConfig,
    CLIPVisionModel,
    LlamaConfig,
    LlamaForCausalLM,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    Qwen2VLConfig,
    Qwen2VLForConditionalGeneration,
    Qwen2VLImageProcessor,
    Qwen2VLProcessor,
    Qwen2VLVideoProcessor,
)

from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import assembly
from benchmark.worlds.scene import Scene, sample

BLOCKS, WIDTH, GRID = 4, 32, 6
QUESTIONS = ("list every object", "is there a cat ?", "what color is the umbrella ?", "describe it")
"""Prompts of different lengths."""


def eye(px: int = 96, patch: int = 16) -> CLIPVisionModel:
    """A tower of one block."""
    torch.manual_seed(1)
    config = CLIPVisionConfig(
        hidden_size=24,
        intermediate_size=48,
        num_hidden_layers=2,
        num_attention_heads=2,
        image_size=px,
        patch_size=patch,
    )
    return louder(CLIPVisionModel(config))


def mouth() -> LlamaForCausalLM:
    """A language model of four blocks that knows the pocket world's words."""
    torch.manual_seed(2)
    words = tokenizer.build()
    config = LlamaConfig(
        vocab_size=len(words),
        hidden_size=WIDTH,
        intermediate_size=64,
        num_hidden_layers=BLOCKS,
        num_attention_heads=2,
        num_key_value_heads=1,
        max_position_embeddings=256,
        tie_word_embeddings=True,
        bos_token_id=words.bos_token_id,
        eos_token_id=words.eos_token_id,
        pad_token_id=words.pad_token_id,
    )
    return louder(LlamaForCausalLM(config))


def louder(model: Any) -> Any:
    """Weights of a size at which every position and every patch matters to the answer."""
    with torch.no_grad():
        for name, value in model.named_parameters():
            if value.ndim > 1:
                torch.nn.init.normal_(value, std=0.5 if "embed" in name else 0.25)
    return model


def save_folder(folder: Path) -> Path:
    """LLaVA-1.5: one view of the picture, a linear projector, one token a patch."""
    model = assembly.assemble(eye(), mouth())
    torch.nn.init.normal_(model.model.multi_modal_projector.linear_1.weight, std=0.1)
    model.save_pretrained(folder)
    processor = assembly.processor(model)
    processor.save_pretrained(folder)
    return folder


def save_next_folder(folder: Path) -> Path:
    """LLaVA-NeXT: the whole picture, then finer views of its parts."""
    language, vision = mouth(), eye(px=48)
    sizes = [[48, 96], [96, 48], [96, 96]]
    config = LlavaNextConfig(
        vision_config=vision.config,
        text_config=language.config,
        image_token_index=tokenizer.build().get_vocab()[tokenizer.IMAGE],
        image_grid_pinpoints=sizes,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    torch.manual_seed(3)
    model = LlavaNextForConditionalGeneration(config)
    model.model.vision_tower.load_state_dict(vision.state_dict())
    model.model.language_model.load_state_dict(language.model.state_dict())
    louder(model.model.multi_modal_projector)
    model.tie_weights()
    model.generation_config = language.generation_config
    model.save_pretrained(folder)
    LlavaNextProcessor(
        image_processor=LlavaNextImageProcessor(
            size={"shortest_edge": 48},
            crop_size={"height": 48, "width": 48},
            image_grid_pinpoints=sizes,
        ),
        tokenizer=tokenizer.build(),
        patch_size=16,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=tokenizer.CHAT_TEMPLATE,
    ).save_pretrained(folder)
    return folder


def save_any_size_folder(folder: Path) -> Path:
    """Qwen2-VL: pictures of any size, merged patches, positions in two dimensions."""
    words = deepcopy(tokenizer.build())
    marks = ["<|image_pad|>", "<|video_pad|>", "<|vision_start|>", "<|vision_end|>"]
    words.add_special_tokens({"additional_special_tokens": marks})
    image, video, start, end = (words.get_vocab()[mark] for mark in marks)
    text = mouth().config.to_dict() | {
        "vocab_size": len(words),
        "model_type": "qwen2_vl_text",
        "rope_parameters": {
            "rope_type": "default",
            "rope_theta": 10000.0,
            "mrope_section": [2, 3, 3],
        },
    }
    vision = {"depth": 2, "embed_dim": 32, "hidden_size": WIDTH, "num_heads": 2, "mlp_ratio": 2}
    config = Qwen2VLConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=image,
        video_token_id=video,
        vision_start_token_id=start,
        vision_end_token_id=end,
    )
    torch.manual_seed(4)
    model = louder(Qwen2VLForConditionalGeneration(config))
    model.generation_config = mouth().generation_config
    model.save_pretrained(folder)
    template = tokenizer.CHAT_TEMPLATE.replace(
        "' <image>'", "' <|vision_start|><|image_pad|><|vision_end|>'"
    )
    Qwen2VLProcessor(
        image_processor=Qwen2VLImageProcessor(min_pixels=56 * 56, max_pixels=84 * 84),
        tokenizer=words,
        video_processor=Qwen2VLVideoProcessor(),
        chat_template=template,
    ).save_pretrained(folder)
    return folder


@dataclass(frozen=True)
class Pictures:
    """Scenes of the pocket world with two captions each."""

    n: int = 6

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        return tuple(sample(3, "test", i, n_objects=1 + i % 3) for i in range(self.n))

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(scene.key for scene in self.scenes)

    @cached_property
    def captions(self) -> tuple[str, ...]:
        return tuple(c.text for scene in self.scenes for c in scene.captions()[:2])

    @property
    def caption_of(self) -> np.ndarray:
        return np.arange(self.n).repeat(2)

    concepts = None
    negatives = None
    name, revision, licence, provides, planted = "six scenes", "1", "none", frozenset(), None

    def split(self, _name: str) -> Pictures:
        return self

    def true_pairs(self) -> np.ndarray:
        return np.stack([self.caption_of, np.arange(2 * self.n)], 1)

    def images(self, start: int, stop: int) -> np.ndarray:
        return np.stack([scene.render() for scene in self.scenes[start:stop]])
