"""Small random language models and towers of the hosts of VISTA, saved as the hub has them.

Classes, configuration keys, image processors, special tokens and the form of chats are those of
Gemma-2-it, Llama-3.1-Instruct, DINOv2, CLIP and I-JEPA; widths and depths are tiny.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import normalizers, processors
from transformers import (
    BitImageProcessor,
    CLIPConfig,
    CLIPImageProcessor,
    CLIPModel,
    Dinov2Config,
    Dinov2Model,
    Gemma2Config,
    Gemma2ForCausalLM,
    GenerationConfig,
    IJepaConfig,
    IJepaModel,
    LlamaConfig,
    LlamaForCausalLM,
    PreTrainedTokenizerFast,
    ViTImageProcessor,
)

from benchmark.backends import hosts
from benchmark.recipes.vlm import folders
from tests import tiny_tokenizers as words
from tests.tiny_recipes import loud
from tests.tiny_vlms import decoder

WIDTH, BLOCKS, EYE, SIDE, PATCH = 32, 3, 24, 32, 8
GRID = SIDE // PATCH
GEMMA2 = (
    "{{ bos_token }}{% for message in messages %}"
    "{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('turns must alternate') }}{% endif %}"
    "{% set who = 'model' if message['role'] == 'assistant' else message['role'] %}"
    "{{ '<start_of_turn>' + who + '\n' + message['content'] | trim + '<end_of_turn>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
"""A turn is one text, trimmed; there is no system's turn."""
LLAMA31 = (
    "{{- bos_token }}{%- if messages[0]['role'] == 'system' %}"
    "{%- set opening = messages[0]['content']|trim %}{%- set messages = messages[1:] %}"
    "{%- else %}{%- set opening = '' %}{%- endif %}"
    "{{- '<|start_header_id|>system<|end_header_id|>\n\nCutting Knowledge Date: December 2023\n"
    "Today Date: 26 Jul 2024\n\n' + opening + '<|eot_id|>' }}"
    "{%- for message in messages %}"
    "{{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n' }}"
    "{{- message['content'] | trim + '<|eot_id|>' }}{%- endfor %}"
    "{%- if add_generation_prompt %}"
    "{{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}{%- endif %}"
)
"""The template sets its turns anew, and opens with a system's turn of its own."""


def gemma2_words() -> PreTrainedTokenizerFast:
    """Gemma's: pieces without a blank before the first word, no image token."""
    core = words.pieces(["<pad>", "<eos>", "<bos>", "<unk>"], size=420)
    core.normalizer = normalizers.Replace(" ", "▁")
    core.add_special_tokens(["<start_of_turn>", "<end_of_turn>"])
    start = core.token_to_id("<bos>")
    core.post_processor = processors.TemplateProcessing(
        single="<bos> $A", special_tokens=[("<bos>", start)]
    )
    marks = {f"{name}_token": f"<{name}>" for name in ("pad", "eos", "bos", "unk")}
    found = PreTrainedTokenizerFast(tokenizer_object=core, **marks)
    found.chat_template = GEMMA2
    return found


def llama31_words() -> PreTrainedTokenizerFast:
    """Llama 3's: byte-level, with neither an image nor a padding token."""
    core = words.byte_level(380, words.LLAMA3_SPLIT)
    marks = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eot_id"]
    core.add_special_tokens([f"<|{mark}|>" for mark in marks])
    start = core.token_to_id("<|begin_of_text|>")
    core.post_processor = processors.TemplateProcessing(
        single="<|begin_of_text|> $A", special_tokens=[("<|begin_of_text|>", start)]
    )
    found = PreTrainedTokenizerFast(
        tokenizer_object=core, bos_token="<|begin_of_text|>", eos_token="<|eot_id|>"
    )
    found.chat_template = LLAMA31
    return found


def _sizes(tokens: Any) -> dict[str, Any]:
    return decoder(tokens) | {
        "num_hidden_layers": BLOCKS,
        "bos_token_id": tokens.bos_token_id,
        "eos_token_id": tokens.eos_token_id,
        "pad_token_id": tokens.pad_token_id,
    }


def gemma2(folder: Path) -> Path:
    """Gemma-2-2B-it and 9B-it: tied words, capped logits, every other block sees a window."""
    tokens = gemma2_words()
    caps = {"final_logit_softcapping": 3.0, "attn_logit_softcapping": 5.0}
    config = Gemma2Config(
        **_sizes(tokens), **caps, head_dim=16, query_pre_attn_scalar=16, sliding_window=24
    )
    return _saved(Gemma2ForCausalLM(config), tokens, folder, ["<eos>", "<end_of_turn>"])


def llama31(folder: Path) -> Path:
    """Llama-3.1-8B-Instruct: words on their own, positions stretched as `llama3` has it."""
    tokens = llama31_words()
    rope = {
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    }
    config = LlamaConfig(**_sizes(tokens), rope_parameters=rope, tie_word_embeddings=False)
    return _saved(LlamaForCausalLM(config), tokens, folder, ["<|end_of_text|>", "<|eot_id|>"])


def _saved(model: Any, tokens: Any, folder: Path, ends: list[str]) -> Path:
    model.generation_config = GenerationConfig(
        bos_token_id=tokens.bos_token_id,
        eos_token_id=tokens.convert_tokens_to_ids(ends),
        pad_token_id=tokens.pad_token_id,
    )
    loud(model, 3).save_pretrained(folder, max_shard_size="60KB")
    tokens.save_pretrained(folder)
    return folder


_EYE: dict[str, Any] = {"hidden_size": EYE, "num_hidden_layers": 3, "num_attention_heads": 2}
_CROP = {"height": SIDE, "width": SIDE}


def dinov2(folder: Path) -> Path:
    """DINOv2-L: made for more pixels than its own processor shows it."""
    config = Dinov2Config(**_EYE, mlp_ratio=2, image_size=SIDE + 3 * PATCH, patch_size=PATCH)
    BitImageProcessor(size={"shortest_edge": SIDE + 4}, crop_size=_CROP).save_pretrained(folder)
    loud(Dinov2Model(config), 4).save_pretrained(folder)
    return folder


def clip(folder: Path) -> Path:
    """CLIP-L: the whole dual encoder, of which the picture's half is taken."""
    vision = {**_EYE, "intermediate_size": 32, "image_size": SIDE, "patch_size": PATCH}
    text = {"hidden_size": 16, "intermediate_size": 16, "num_hidden_layers": 1, "vocab_size": 30}
    config = CLIPConfig(vision_config=vision, text_config=text | {"num_attention_heads": 2})
    CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size=_CROP).save_pretrained(folder)
    loud(CLIPModel(config), 4).save_pretrained(folder)
    return folder


def ijepa(folder: Path) -> Path:
    """I-JEPA: patches alone, no class token."""
    config = IJepaConfig(**_EYE, intermediate_size=32, image_size=SIDE, patch_size=PATCH)
    ViTImageProcessor(size=_CROP).save_pretrained(folder)
    loud(IJepaModel(config), 4).save_pretrained(folder)
    return folder


LANGUAGES: dict[str, Callable[[Path], Path]] = {"gemma2": gemma2, "llama31": llama31}
TOWERS: dict[str, Callable[[Path], Path]] = {"dinov2": dinov2, "clip": clip, "ijepa": ijepa}
PAIRS = [(language, tower) for language in LANGUAGES for tower in TOWERS]


@dataclass(frozen=True)
class Parts:
    """A language model, a tower, and the folder of a host that names them."""

    language: Path
    tower: Path
    host: Path


def parts(place: Path, language: str, tower: str, *, projector: bool = True) -> Parts:
    """Both parts and their host, whose projector is drawn, or missing."""
    made = Parts(place / language, place / tower, place / "host")
    LANGUAGES[language](made.language)
    TOWERS[tower](made.tower)
    folders.describe(made.host, made.tower, made.language)
    if projector:
        draw = torch.Generator().manual_seed(5)
        layer = {"weight": torch.randn(WIDTH, EYE, generator=draw), "bias": torch.zeros(WIDTH)}
        save_file({name: 0.3 * value for name, value in layer.items()}, made.host / PROJECTOR)
    return made


PROJECTOR = hosts.Parts.projector
