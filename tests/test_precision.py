"""The recipes' attention is transformers' own, with a mask and without: towers look both ways."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from transformers import LlamaForCausalLM

from benchmark.recipes.precision import ATTENTION
from tests.tiny_recipes import llama_config, loud, tiny_llama, tiny_tower

SEED = torch.Generator()


def pictures() -> torch.Tensor:
    return torch.randn(2, 3, 96, 96, generator=SEED.manual_seed(0))


def words(rows: int, length: int) -> torch.Tensor:
    return torch.randint(5, 300, (rows, length), generator=SEED.manual_seed(0))


def both(model: Any, **inputs: Any) -> tuple[torch.Tensor, torch.Tensor]:
    """The last hidden states by transformers' attention and by the recipes'."""
    found = []
    for kind in ("eager", ATTENTION):
        model.set_attn_implementation(kind)
        with torch.no_grad():
            found.append(model(**inputs, output_hidden_states=True).hidden_states[-1])
    return found[0], found[1]


def test_patches_of_a_tower_see_each_other_both_ways() -> None:
    tower, pixels = tiny_tower(), pictures()
    own, ours = both(tower, pixel_values=pixels)
    torch.testing.assert_close(ours, own, atol=1e-5, rtol=0)
    pixels[:, :, 80:, 80:] += 3
    changed = (both(tower, pixel_values=pixels)[1] - ours).abs().amax(2)
    assert (changed > 1e-4).all(), "the last patch is seen by every token"


@pytest.mark.parametrize("key_heads", [1, 2])
def test_words_see_what_came_before_alone(key_heads: int) -> None:
    config = llama_config()
    config.num_key_value_heads = key_heads
    model, ids = loud(LlamaForCausalLM(config), 0), words(2, 9)
    own, ours = both(model.model, input_ids=ids)
    torch.testing.assert_close(ours, own, atol=1e-5, rtol=0)
    ids[:, 5] = 7
    changed = (both(model.model, input_ids=ids)[1] - ours).abs().amax(2)
    assert (changed[:, :5] == 0).all()


def test_a_mask_is_kept_to() -> None:
    model, ids = tiny_llama(), words(1, 6)
    mask = torch.tensor([[0, 0, 1, 1, 1, 1]])
    own, ours = both(model.model, input_ids=ids, attention_mask=mask)
    torch.testing.assert_close(ours[:, 2:], own[:, 2:], atol=1e-5, rtol=0)
    ids[0, 1] = 9
    again = both(model.model, input_ids=ids, attention_mask=mask)[1]
    assert torch.equal(again[:, 2:], ours[:, 2:])
