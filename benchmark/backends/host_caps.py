"""Caps of Gemma 2 that a host's own class leaves out: of the words' logits and of attention's.

    logits = c · tanh(logits / c)

Gemma Team 2024 (2408.00118), section 2. The class that joins tower and language model ends in a
plain layer, and one of the kinds of attention has no cap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

CAPPING = "eager"
"""The kind of attention that caps."""


@dataclass(frozen=True)
class Cap:
    """A forward hook that keeps what a layer puts out within a cap on either side.

    Hooks stay where a layer is copied, spread over devices or given other weights.
    """

    most: float

    def __call__(
        self, _module: nn.Module, _inputs: Any, logits: Float[Tensor, "*b v"]
    ) -> Float[Tensor, "*b v"]:
        return self.most * torch.tanh(logits / self.most)


def cap(model: Any) -> None:
    """Gives a joined model the caps of its language model, in place; none where that has none."""
    text, head = model.config.text_config, model.lm_head
    final = getattr(text, "final_logit_softcapping", None)
    if final and not any(isinstance(hook, Cap) for hook in head._forward_hooks.values()):
        head.register_forward_hook(Cap(float(final)))
    if getattr(text, "attn_logit_softcapping", None):
        model.model.language_model.set_attn_implementation(CAPPING)
