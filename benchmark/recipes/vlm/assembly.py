"""A `LlavaForConditionalGeneration` made of a tower, a linear projector and a language model."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor, nn
from transformers import (
    CLIPVisionModel,
    LlamaForCausalLM,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
)

from benchmark.recipes.language import tokenizer
from benchmark.recipes.vlm import tower as towers


def assemble(tower: CLIPVisionModel, language: LlamaForCausalLM) -> LlavaForConditionalGeneration:
    """Both models, copied, joined by a projector that is linear and not yet trained.

    The class has two layers with an activation between; the activation is the identity here and
    the second layer is the unit matrix, so that the first alone is the projector.
    """
    config = LlavaConfig(
        vision_config=tower.config,
        text_config=language.config,
        image_token_index=tokenizer.build().get_vocab()[tokenizer.IMAGE],
        image_seq_length=towers.GRID**2,
        projector_hidden_act="linear",
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    model = LlavaForConditionalGeneration(config)
    model.model.vision_tower.load_state_dict(tower.state_dict())
    model.model.language_model.load_state_dict(language.model.state_dict())
    model.tie_weights()
    second = model.model.multi_modal_projector.linear_2
    nn.init.eye_(second.weight)
    nn.init.zeros_(second.bias)
    model.generation_config = language.generation_config
    return model


def processor() -> LlavaProcessor:
    """Pictures and chats as the model reads them."""
    return LlavaProcessor(
        image_processor=towers.image_processor(),
        tokenizer=tokenizer.build(),
        patch_size=towers.config().patch_size,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=tokenizer.CHAT_TEMPLATE,
    )


class Projector(nn.Module):
    """A linear map of patch tokens, standardised as some pictures' are; that folds into the map."""

    mean: Tensor
    deviation: Tensor

    def __init__(
        self, tokens: Float[Tensor, "n p d"], width: int, generator: torch.Generator
    ) -> None:
        super().__init__()
        flat = tokens.flatten(0, 1)
        d = flat.shape[1]
        self.register_buffer("mean", flat.mean(0))
        self.register_buffer("deviation", flat.std(0))
        self.weight = nn.Parameter(torch.randn(width, d, generator=generator) * 0.02)
        self.bias = nn.Parameter(torch.zeros(width))

    def forward(self, tokens: Float[Tensor, "b p d"]) -> Float[Tensor, "b p w"]:
        return nn.functional.linear((tokens - self.mean) / self.deviation, self.weight, self.bias)

    @torch.no_grad()
    def write(self, into: nn.Module) -> None:
        """The same map as the first layer of transformers' projector."""
        weight = self.weight / self.deviation
        into.get_parameter("linear_1.weight").copy_(weight)
        into.get_parameter("linear_1.bias").copy_(self.bias - weight @ self.mean)


def patches_of(model: LlavaForConditionalGeneration, pixels: Tensor) -> Float[Tensor, "b p w"]:
    """Projected patch tokens, exactly as the model's own forward pass makes them."""
    found = model.get_image_features(
        pixel_values=pixels, vision_feature_layer=-1, vision_feature_select_strategy="default"
    )
    return torch.stack(list(found.pooler_output))
