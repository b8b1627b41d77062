"""Small random vision-language models of the released classes, saved as their folders are.

Widths are tiny; classes, configuration keys, processors, special tokens and chat forms are those of
the models that each stands for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    GenerationConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaNextConfig,
    LlavaNextForConditionalGeneration,
    LlavaNextImageProcessor,
    LlavaNextProcessor,
    LlavaProcessor,
    MistralConfig,
    Qwen2VLImageProcessor,
    Qwen3VLConfig,
    Qwen3VLForConditionalGeneration,
    Qwen3VLMoeConfig,
    Qwen3VLMoeForConditionalGeneration,
    Qwen3VLProcessor,
    Qwen3VLVideoProcessor,
)

from tests import tiny_tokenizers as words
from tests.tiny_llava import louder

WIDTH, BLOCKS, EYE = 32, 4, 24
SIDE, PATCH = 32, 8
PINPOINTS = [[32, 64], [64, 32], [64, 64], [96, 32], [32, 96]]
"""Half a tile, two, four and three, as the released models have them at 336 pixels."""


def decoder(tokens: Any) -> dict[str, Any]:
    """Sizes of a small language model of 32 numbers a word."""
    return {
        "vocab_size": len(tokens),
        "hidden_size": WIDTH,
        "intermediate_size": 48,
        "num_hidden_layers": BLOCKS,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "max_position_embeddings": 1024,
    }


def _eye() -> CLIPVisionConfig:
    return CLIPVisionConfig(
        hidden_size=EYE,
        intermediate_size=32,
        num_hidden_layers=3,
        num_attention_heads=2,
        image_size=SIDE,
        patch_size=PATCH,
    )


def _pictures(kind: Any, **more: Any) -> Any:
    return kind(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}, **more)


def _saved(model: Any, processor: Any, folder: Path, end: int | list[int]) -> Path:
    tokens = processor.tokenizer
    model.generation_config = GenerationConfig(
        bos_token_id=tokens.bos_token_id, eos_token_id=end, pad_token_id=tokens.pad_token_id
    )
    louder(model).save_pretrained(folder, max_shard_size="60KB")
    processor.save_pretrained(folder)
    return folder


def llava15(folder: Path) -> Path:
    """LLaVA-1.5: one view, the tower's last layer but one, two projector layers."""
    tokens = words.llama2()
    config = LlavaConfig(
        vision_config=_eye(),
        text_config=LlamaConfig(**decoder(tokens)),
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    torch.manual_seed(0)
    processor = LlavaProcessor(
        image_processor=_pictures(CLIPImageProcessor),
        tokenizer=tokens,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=words.VICUNA,
    )
    end = tokens.eos_token_id
    return _saved(LlavaForConditionalGeneration(config), processor, folder, end)


def _next(folder: Path, tokens: Any, text: Any, template: str, end: int | list[int]) -> Path:
    config = LlavaNextConfig(
        vision_config=_eye(),
        text_config=text,
        image_token_index=tokens.convert_tokens_to_ids("<image>"),
        image_grid_pinpoints=PINPOINTS,
        vision_feature_layer=-2,
        vision_feature_select_strategy="default",
        image_seq_length=(SIDE // PATCH) ** 2,
    )
    torch.manual_seed(1)
    model = LlavaNextForConditionalGeneration(config)
    torch.nn.init.normal_(model.model.image_newline)
    processor = LlavaNextProcessor(
        image_processor=_pictures(LlavaNextImageProcessor, image_grid_pinpoints=PINPOINTS),
        tokenizer=tokens,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    )
    return _saved(model, processor, folder, end)


def llava_next_mistral(folder: Path) -> Path:
    """LLaVA-v1.6-Mistral: the whole picture, then tiles with an end mark a row."""
    tokens = words.llama2()
    text = MistralConfig(**decoder(tokens), sliding_window=None)
    return _next(folder, tokens, text, words.MISTRAL, tokens.eos_token_id)


def llava_next_llama3(folder: Path) -> Path:
    """Llama3-LLaVA: the same tiles before Llama 3, whose answers end in either of two tokens."""
    tokens = words.llama3()
    ends = [tokens.convert_tokens_to_ids(mark) for mark in ("<|end_of_text|>", "<|eot_id|>")]
    return _next(folder, tokens, LlamaConfig(**decoder(tokens)), words.LLAMA3, ends)


def _qwen(folder: Path, config_kind: Any, model_kind: Any, **text: Any) -> Path:
    tokens = words.qwen()
    ids = {
        f"{name}_token_id": tokens.convert_tokens_to_ids(f"<|{mark}|>")
        for name, mark in (
            ("image", "image_pad"),
            ("video", "video_pad"),
            ("vision_start", "vision_start"),
            ("vision_end", "vision_end"),
        )
    }
    rope = {
        "rope_type": "default",
        "rope_theta": 10000.0,
        "mrope_section": [4, 2, 2],
        "mrope_interleaved": True,
    }
    eye = {
        "depth": 4,
        "hidden_size": EYE,
        "intermediate_size": 32,
        "num_heads": 2,
        "patch_size": 16,
        "spatial_merge_size": 2,
        "out_hidden_size": WIDTH,
        "num_position_embeddings": 16,
        "deepstack_visual_indexes": [1, 2],
    }
    sizes = decoder(tokens) | {"head_dim": 16, "rope_parameters": rope} | text
    torch.manual_seed(2)
    model = model_kind(config_kind(text_config=sizes, vision_config=eye, **ids))
    processor = Qwen3VLProcessor(
        image_processor=Qwen2VLImageProcessor(
            patch_size=16, merge_size=2, min_pixels=64 * 64, max_pixels=160 * 160
        ),
        tokenizer=tokens,
        video_processor=Qwen3VLVideoProcessor(patch_size=16, merge_size=2),
        chat_template=words.CHATML,
    )
    ends = [tokens.convert_tokens_to_ids(mark) for mark in ("<|im_end|>", "<|endoftext|>")]
    return _saved(model, processor, folder, ends)


def qwen3_vl(folder: Path) -> Path:
    """Qwen3-VL: pictures of any size, merged patches, features of deeper tower layers."""
    return _qwen(folder, Qwen3VLConfig, Qwen3VLForConditionalGeneration)


def qwen3_vl_moe(folder: Path) -> Path:
    """Qwen3-VL-30B-A3B: the same with a mixture of experts in every block."""
    experts = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
    return _qwen(folder, Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration, **experts)


@dataclass(frozen=True)
class Kind:
    """One of the released models in small."""

    save: Callable[[Path], Path]
    released: str
    """The hub id that it stands for."""
    model_class: str


KINDS: dict[str, Kind] = {
    "llava15": Kind(llava15, "llava-hf/llava-1.5-7b-hf", "LlavaForConditionalGeneration"),
    "next_mistral": Kind(
        llava_next_mistral,
        "llava-hf/llava-v1.6-mistral-7b-hf",
        "LlavaNextForConditionalGeneration",
    ),
    "next_llama3": Kind(
        llava_next_llama3,
        "llava-hf/llama3-llava-next-8b-hf",
        "LlavaNextForConditionalGeneration",
    ),
    "qwen3_vl": Kind(qwen3_vl, "Qwen/Qwen3-VL-8B-Instruct", "Qwen3VLForConditionalGeneration"),
    "qwen3_vl_moe": Kind(
        qwen3_vl_moe, "Qwen/Qwen3-VL-30B-A3B-Instruct", "Qwen3VLMoeForConditionalGeneration"
    ),
}
