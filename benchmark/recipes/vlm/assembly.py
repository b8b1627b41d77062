"""The pocket VLMs from their parts, as any host is joined."""

from __future__ import annotations

from transformers import (
    CLIPVisionModel,
    LlamaForCausalLM,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from benchmark.backends.hosts import joined, processor_of
from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import tower as towers


def assemble(tower: CLIPVisionModel, language: LlamaForCausalLM) -> LlavaForConditionalGeneration:
    """Both models, copied, behind a linear projector that is not yet trained."""
    return joined(tower, language, tokenizer.build())


def processor(model: LlavaForConditionalGeneration) -> LlavaProcessor:
    """Pictures and chats as the model reads them."""
    return processor_of(model, tokenizer.build(), towers.image_processor())
