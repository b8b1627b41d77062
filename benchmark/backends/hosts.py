"""A host made of parts: a language model, a vision tower and a projector from three places.

The parts are named in `parts.json` (`host_parts`); the tower is any of transformers' vision models
or an open_clip folder. The whole is a `LlavaForConditionalGeneration` like any other, whose
projector is linear: the class has two layers, the second is the unit matrix here.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn
from transformers import (
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from benchmark.backends.drawing import SEED, drawing
from benchmark.backends.host_caps import cap
from benchmark.backends.host_chat import IMAGE, with_pictures
from benchmark.backends.host_parts import Parts, language_model, place, read, vision_tower
from benchmark.messages.raised import one_line

PROJECTOR = "model.multi_modal_projector.linear_1"
"""The layer that is trained and that a patch replaces."""


def opened(
    folder: Path, trained: bool = True, dtype: torch.dtype = torch.float32
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """The host of a folder, never held in a larger precision. Raises ValueError in one line.

    With `trained` false the projector is left as it was drawn: there is none to load yet. What is
    drawn (that projector, the embedding of an image token that was missing) is drawn alike each
    time.
    """
    parts = read(folder)
    model, processor = _of_parts(folder, parts, dtype=dtype)
    if trained:
        load_projector(model, folder / parts.projector)
    return model.eval(), processor


def untrained(folder: Path) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """The host of a folder with all weights drawn from the seed, in single precision.

    Needs no weights, only what describes the parts. Raises ValueError in one line.
    """
    model, processor = _of_parts(folder, read(folder), trained=False)
    return blank(model), processor


def blank(model: LlavaForConditionalGeneration, seed: int = SEED) -> LlavaForConditionalGeneration:
    """The same model with all weights drawn anew: the control that never learned anything."""
    with drawing(seed):
        fresh = LlavaForConditionalGeneration(model.config)
    make_linear(fresh)
    cap(fresh)
    fresh.generation_config = model.generation_config
    return fresh.eval()


def _of_parts(
    folder: Path, parts: Parts, trained: bool = True, dtype: torch.dtype = torch.float32
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """The parts joined by a drawn projector, and how they read; what is drawn is drawn alike."""
    with drawing():
        where = place(folder, parts.vision_tower, "vision_tower")
        tower, pictures = vision_tower(where, trained, dtype)
        where = place(folder, parts.language_model, "language_model")
        language, tokenizer = language_model(where, trained, dtype)
        with holding(dtype):
            model = joined(tower, language, tokenizer, parts.vision_feature_layer)
    return model, processor_of(model, tokenizer, pictures)


@contextmanager
def holding(dtype: torch.dtype) -> Iterator[None]:
    """Weights that are made inside are of this precision."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def joined(
    tower: PreTrainedModel,
    language: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    feature_layer: int = -1,
) -> LlavaForConditionalGeneration:
    """Both models, copied, behind a linear projector that is not yet trained.

    A tokenizer without `<image>` gets it, and the language model a row for it, both in place.
    Raises ValueError for a tower that has no grid of patches or no such layer.
    """
    if IMAGE not in tokenizer.get_vocab():
        tokenizer.add_tokens([IMAGE], special_tokens=True)
    if len(tokenizer) > language.config.vocab_size:
        language.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    vision: Any = tower.config
    config = LlavaConfig(
        vision_config=vision,
        text_config=language.config,
        image_token_index=tokenizer.get_vocab()[IMAGE],
        image_seq_length=n_patches(tower),
        projector_hidden_act="linear",
        vision_feature_layer=feature_layer,
        vision_feature_select_strategy="default" if n_prefix(tower) else "full",
        tie_word_embeddings=language.config.tie_word_embeddings,
    )
    if not -vision.num_hidden_layers - 1 <= feature_layer <= vision.num_hidden_layers:
        raise ValueError(
            f"vision_feature_layer is {feature_layer}, the tower has {vision.num_hidden_layers} "
            f"blocks: wanted 0 (before the first) to {vision.num_hidden_layers}, or -1 for the last"
        )
    model = LlavaForConditionalGeneration(config)
    model.model.vision_tower.load_state_dict(tower.state_dict())
    model.model.language_model.load_state_dict(language.get_decoder().state_dict())
    model.lm_head.load_state_dict(language.get_output_embeddings().state_dict())
    model.tie_weights()
    make_linear(model)
    cap(model)
    model.generation_config = language.generation_config
    return model


def make_linear(model: LlavaForConditionalGeneration) -> None:
    """The projector's second layer as the unit matrix."""
    second = model.model.multi_modal_projector.linear_2
    nn.init.eye_(second.weight)
    nn.init.zeros_(second.bias)


def n_patches(tower: PreTrainedModel) -> int:
    """Patches of a picture. Raises ValueError for a tower without a square grid."""
    config: Any = tower.config
    image, patch = getattr(config, "image_size", None), getattr(config, "patch_size", None)
    if not isinstance(image, int) or not isinstance(patch, int):
        raise ValueError(
            f"{type(tower).__name__} has image_size {image} and patch_size {patch}, wanted a "
            f"vision transformer with one number each"
        )
    return (image // patch) ** 2


def n_prefix(tower: PreTrainedModel) -> int:
    """Tokens before the patch tokens: 1 for a tower with a class token, else 0.

    Raises ValueError for a tower with several (registers): their patches would be misplaced.
    """
    n, size = n_patches(tower), tower.config.image_size
    with torch.no_grad():
        black = torch.zeros(1, 3, size, size, dtype=tower.dtype)
        length = tower(pixel_values=black).last_hidden_state.shape[1]
    if length - n not in (0, 1):
        raise ValueError(
            f"{type(tower).__name__} has {length} tokens for {n} patches, wanted {n}, or {n + 1} "
            f"with a class token"
        )
    return length - n


def processor_of(
    model: LlavaForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, pictures: Any
) -> LlavaProcessor:
    """Pictures and chats as the host reads them. Raises ValueError without a chat template."""
    template = with_pictures(tokenizer)
    strategy = model.config.vision_feature_select_strategy
    vision: Any = model.config.vision_config
    return LlavaProcessor(
        image_processor=pictures,
        tokenizer=tokenizer,
        patch_size=vision.patch_size,
        vision_feature_select_strategy=strategy,
        num_additional_image_tokens=int(strategy == "default"),
        chat_template=template,
    )


def load_projector(model: LlavaForConditionalGeneration, file: Path) -> None:
    """Puts a saved projector in place. Raises ValueError where it does not fit."""
    layer = model.get_submodule(PROJECTOR)
    try:
        weights = load_file(file)
    except (SafetensorError, OSError) as error:
        raise ValueError(f"{file} is no whole safetensors file ({one_line(error)})") from error
    found = {name: list(value.shape) for name, value in weights.items()}
    wanted = {name: list(value.shape) for name, value in layer.state_dict().items()}
    if found != wanted:
        raise ValueError(f"{file} holds {found}, this tower and language model want {wanted}")
    if not all(value.isfinite().all() for value in weights.values()):
        raise ValueError(f"{file} holds NaN or infinite values, wanted none")
    layer.load_state_dict({name: value.float() for name, value in weights.items()})
