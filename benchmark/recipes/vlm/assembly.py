"""The pocket VLMs from their parts, as any host is joined."""

from __future__ import annotations

from pathlib import Path

from transformers import (
    CLIPVisionModel,
    LlamaForCausalLM,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from benchmark.backends import hosts
from benchmark.recipes.language import tokenizer
from benchmark.recipes.language.rows import GRID
from benchmark.recipes.vlm import tower as towers


def assemble(tower: CLIPVisionModel, language: LlamaForCausalLM) -> LlavaForConditionalGeneration:
    """Both models, copied, behind a linear projector that is not yet trained."""
    return hosts.joined(tower, language, tokenizer.build())


def processor(model: LlavaForConditionalGeneration) -> LlavaProcessor:
    """Pictures and chats as the model reads them."""
    return hosts.processor_of(model, tokenizer.build(), towers.image_processor())


def opened(
    folder: Path, trained: bool = True
) -> tuple[LlavaForConditionalGeneration, LlavaProcessor]:
    """The host of a folder, which must be able to read a recipe's rows.

    Raises ValueError for another vocabulary than the pocket world's now, or another grid.
    """
    model, found = hosts.opened(folder, trained)
    tokenizer.check(found.tokenizer, folder)
    if model.config.image_seq_length != GRID**2:
        raise ValueError(
            f"{folder}: its tower has {model.config.image_seq_length} patches, wanted {GRID**2}"
        )
    return model, found
