"""Caps of Gemma 2 that a host's own class leaves out: of the words' logits and of attention's.

    logits = c · tanh(logits / c)

Gemma Team 2024 (2408.00118), section 2. The class that joins tower and language model ends in a
plain layer, and one of the kinds of attention has no cap.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float
from torch import Tensor, nn

CAPPING = "eager"
"""The kind of attention that caps."""


class CappedLinear(nn.Linear):
    """A linear layer whose outputs stay within a cap on either side."""

    cap: float

    def forward(self, x: Float[Tensor, "*b d"]) -> Float[Tensor, "*b v"]:
        return self.cap * torch.tanh(super().forward(x) / self.cap)


def cap(model: Any) -> None:
    """Gives a joined model the caps of its language model, in place; none where that has none."""
    text = model.config.text_config
    final = getattr(text, "final_logit_softcapping", None)
    if final and not isinstance(model.lm_head, CappedLinear):
        model.lm_head.__class__ = CappedLinear
        model.lm_head.cap = float(final)
    if getattr(text, "attn_logit_softcapping", None):
        model.model.language_model.set_attn_implementation(CAPPING)
