"""A host made of parts: a language model, a vision tower and a projector from three places.

    parts.json   {"language_model": …, "vision_tower": …, "projector": "projector.safetensors"}

Each part is a folder (relative to parts.json) or a hub id; the tower is any of transformers' vision
models or an open_clip folder. The whole is a `LlavaForConditionalGeneration` like any other, whose
projector is linear: the class has two layers, the second is the unit matrix here.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import (
    AutoImageProcessor,
    AutoModel,
    AutoModelForCausalLM,
    AutoTokenizer,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from benchmark.backends import open_clip_towers

PARTS_FILE, PROJECTOR_FILE = "parts.json", "projector.safetensors"
PARTS = ("language_model", "vision_tower", "projector")
IMAGE = "<image>"
PROJECTOR = "model.multi_modal_projector.linear_1"
"""The layer that is trained and that a patch replaces."""


@dataclass(frozen=True)
class Parts:
    """Where the parts are, and how the tower's tokens are read."""

    language_model: str
    vision_tower: str
    projector: str = PROJECTOR_FILE
    vision_feature_layer: int = -1


def read(folder: Path) -> Parts:
    """The parts of a folder. Raises ValueError in one line."""
    try:
        found = json.loads((folder / PARTS_FILE).read_text())
        return Parts(**found)
    except (json.JSONDecodeError, TypeError) as error:
        raise ValueError(
            f"{folder / PARTS_FILE} is not a description of parts ({error}): "
            f"wanted {', '.join(PARTS)}"
        ) from error


def place(folder: Path, part: str) -> str:
    """A part's folder where it is one beside parts.json, else the hub id that was written."""
    beside = (folder / part).resolve()
    return str(beside) if beside.exists() else part


def opened(
    folder: Path, trained: bool = True
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """The host of a folder, in single precision. Raises ValueError in one line.

    With `trained` false the projector is left as it was drawn: there is none to load yet.
    """
    parts = read(folder)
    tower, pictures = vision_tower(place(folder, parts.vision_tower))
    where = place(folder, parts.language_model)
    language = AutoModelForCausalLM.from_pretrained(where, dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(where)
    model = joined(tower, language, tokenizer, parts.vision_feature_layer)
    if trained:
        load_projector(model, folder / parts.projector)
    return model.eval(), processor_of(model, tokenizer, pictures)


def vision_tower(where: str) -> tuple[PreTrainedModel, Any]:
    """A tower and its image processor, from transformers' format or an open_clip folder."""
    if (Path(where) / open_clip_towers.CONFIG_FILE).is_file():
        return open_clip_towers.opened(Path(where))
    model = AutoModel.from_pretrained(where, dtype=torch.float32)
    return getattr(model, "vision_model", model), AutoImageProcessor.from_pretrained(where)


def joined(
    tower: PreTrainedModel,
    language: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    feature_layer: int = -1,
) -> LlavaForConditionalGeneration:
    """Both models, copied, behind a linear projector that is not yet trained."""
    if IMAGE not in tokenizer.get_vocab():
        tokenizer.add_special_tokens({"additional_special_tokens": [IMAGE]})
        language.resize_token_embeddings(len(tokenizer))
    vision: Any = tower.config
    config = LlavaConfig(
        vision_config=vision,
        text_config=language.config,
        image_token_index=tokenizer.get_vocab()[IMAGE],
        image_seq_length=(vision.image_size // vision.patch_size) ** 2,
        projector_hidden_act="linear",
        vision_feature_layer=feature_layer,
        vision_feature_select_strategy="default" if n_prefix(tower) else "full",
        tie_word_embeddings=language.config.tie_word_embeddings,
    )
    model = LlavaForConditionalGeneration(config)
    model.model.vision_tower.load_state_dict(tower.state_dict())
    model.model.language_model.load_state_dict(language.get_decoder().state_dict())
    model.lm_head.load_state_dict(language.get_output_embeddings().state_dict())
    model.tie_weights()
    second = model.model.multi_modal_projector.linear_2
    nn.init.eye_(second.weight)
    nn.init.zeros_(second.bias)
    model.generation_config = language.generation_config
    return model


def n_prefix(tower: PreTrainedModel) -> int:
    """Tokens before the patch tokens: 1 for a tower with a class token, else 0.

    Raises ValueError for a tower with several (registers): their patches would be misplaced.
    """
    config: Any = tower.config
    with torch.no_grad():
        blank = torch.zeros(1, 3, config.image_size, config.image_size)
        length = tower(pixel_values=blank).last_hidden_state.shape[1]
    extra = length - (config.image_size // config.patch_size) ** 2
    if extra not in (0, 1):
        raise ValueError(
            f"{type(tower).__name__} puts {extra} tokens before its patches, wanted 0-1"
        )
    return extra


def processor_of(
    model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, pictures: Any
) -> LlavaProcessor:
    """Pictures and chats as the host reads them. Raises ValueError without a chat template."""
    if not tokenizer.chat_template:
        raise ValueError("the language model's tokenizer has no chat template, wanted one")
    strategy = model.config.vision_feature_select_strategy
    vision: Any = model.config.vision_config
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=vision.patch_size,
        vision_feature_select_strategy=strategy,
        num_additional_image_tokens=int(strategy == "default"),
        chat_template=tokenizer.chat_template,
    )


def load_projector(model: LlavaForConditionalGeneration, file: Path) -> None:
    """Puts a saved projector in place. Raises ValueError where it does not fit."""
    layer = model.get_submodule(PROJECTOR)
    try:
        weights = load_file(file)
    except (SafetensorError, FileNotFoundError) as error:
        raise ValueError(f"{file} is no whole safetensors file ({error})") from error
    found = {name: list(value.shape) for name, value in weights.items()}
    wanted = {name: list(value.shape) for name, value in layer.state_dict().items()}
    if found != wanted:
        raise ValueError(f"{file} holds {found}, this tower and language model want {wanted}")
    layer.load_state_dict({name: value.float() for name, value in weights.items()})
