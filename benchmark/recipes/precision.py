"""Half-precision matrix products where the processor has units for them, else single precision."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn
from transformers.masking_utils import ALL_MASK_ATTENTION_FUNCTIONS, sdpa_mask
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

ATTENTION = "sdpa_single"


def fast_half(device: torch.device) -> bool:
    """Whether bfloat16 products are faster than single precision on a device."""
    if device.type != "cpu":
        return torch.cuda.is_bf16_supported()
    known = getattr(torch.cpu, "_is_amx_tile_supported", None)
    return bool(known and known())


@contextmanager
def mixed(device: torch.device) -> Iterator[None]:
    """Autocast to bfloat16 where that pays."""
    with torch.autocast(device.type, torch.bfloat16, enabled=fast_half(device)):
        yield


def attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    scaling: float | None = None,
    is_causal: bool | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Scaled dot-product attention in single precision: its half form is slow on processors.

    Without a mask it is causal only where the module is: the patches of a tower all see each other.
    """
    asked = getattr(module, "is_causal", True) if is_causal is None else is_causal
    causal = asked and attention_mask is None and query.shape[2] > 1
    with torch.autocast(query.device.type, enabled=False):
        out = nn.functional.scaled_dot_product_attention(
            query.float(),
            key.float(),
            value.float(),
            attn_mask=attention_mask,
            is_causal=causal,
            scale=scaling,
            enable_gqa=key.shape[1] != query.shape[1],
        )
    return out.transpose(1, 2).contiguous(), None


ALL_ATTENTION_FUNCTIONS.register(ATTENTION, attention)
ALL_MASK_ATTENTION_FUNCTIONS.register(ATTENTION, sdpa_mask)
