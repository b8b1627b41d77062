"""Forward passes over prompts: their residual stream, and the loss of given answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor, nn

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.hooking import edited, reading
from benchmark.contracts import Edit, Spoken


def run(model: Any, asked: Prompts, weights: Mapping[str, Tensor], keep: int = 1) -> Tensor:
    """Logits of the last `keep` positions, with some weights replaced.

    Positions count real tokens, as `generate` counts them; a model with positions of its own kind
    (in two dimensions, say) finds them itself.
    """
    inputs = dict(asked.inputs) | {"use_cache": False, "logits_to_keep": keep}
    if not hasattr(model.base_model, "get_rope_index"):
        places = asked.inputs["attention_mask"].long().cumsum(1) - 1
        inputs["position_ids"] = places.clamp(min=0)
    return logits_of(model, inputs, weights)


def logits_of(model: Any, inputs: Mapping[str, Any], weights: Mapping[str, Tensor]) -> Tensor:
    """Logits of a forward pass, with some weights replaced."""
    if weights:
        return torch.func.functional_call(model, dict(weights), kwargs=dict(inputs)).logits
    return model(**inputs).logits


def together(streams: Mapping[int, Tensor], like: Tensor) -> dict[int, Tensor]:
    """Streams on one device, wherever the blocks of a model lie."""
    return {block: stream.to(like.device) for block, stream in streams.items()}


def graded(patch: Mapping[str, Tensor]) -> torch.set_grad_enabled:
    """A context that keeps what gradients need only where a tensor of the patch wants one."""
    wanted = any(value.requires_grad for value in patch.values())
    return torch.set_grad_enabled(torch.is_grad_enabled() and wanted)


def streams(
    model: Any, blocks: Blocks, asked: Prompts, wanted: Sequence[int], edits: Sequence[Edit] = ()
) -> dict[int, Float[Tensor, "b t d"]]:
    """The residual stream after each of these blocks; later blocks are not run."""
    with (
        torch.no_grad(),
        edited(blocks, asked, edits),
        reading(blocks, wanted, stop=True) as found,
    ):
        run(model, asked, {})
    return together(found, asked.image)


def generated(
    model: Any, blocks: Blocks, asked: Prompts, edits: Sequence[Edit], n: int
) -> Int[Tensor, "b a"]:
    """Tokens of greedy answers, n at most."""
    with torch.no_grad(), edited(blocks, asked, edits):
        return model.generate(**asked.inputs, max_new_tokens=n)[:, asked.image.shape[1] :]


def spoken(
    model: Any,
    blocks: Blocks,
    asked: Prompts,
    answers: Sequence[list[int]],
    edits: Sequence[Edit],
    wanted: Sequence[int],
    patch: Mapping[str, Tensor],
) -> Spoken:
    """Cross-entropy of each answer's tokens after its prompt, in nats.

    Differentiable in the tensors of the patch alone; without one nothing is kept for gradients.
    """
    if len(answers) != len(asked):
        raise ValueError(f"found {len(answers)} answers to {len(asked)} prompts, wanted one each")
    told, real = _padded(answers, asked.inputs["input_ids"])
    whole = _continued(asked, told, real)
    with graded(patch), edited(blocks, asked, edits), reading(blocks, wanted) as at:
        logits = run(model, whole, patch, keep=told.shape[1] + 1)[:, :-1].float()
        losses = nn.functional.cross_entropy(logits.flatten(0, 1), told.flatten(), reduction="none")
        loss = (losses.view(told.shape) * real).sum(1)
    return Spoken(
        loss=loss, tokens=real.sum(1), residuals=together(at, whole.image), image=whole.image
    )


def _padded(
    answers: Sequence[list[int]], like: Int[Tensor, "b t"]
) -> tuple[Int[Tensor, "b a"], Bool[Tensor, "b a"]]:
    """Answers side by side, padded on the right, and which of their tokens are real."""
    told = torch.zeros(len(answers), max(map(len, answers)), dtype=torch.long)
    real = torch.zeros(told.shape, dtype=torch.bool)
    for i, ids in enumerate(answers):
        told[i, : len(ids)], real[i, : len(ids)] = torch.tensor(ids), True
    return told.to(like.device), real.to(like.device)


def _continued(asked: Prompts, told: Int[Tensor, "b a"], real: Bool[Tensor, "b a"]) -> Prompts:
    """The prompts with their answers after them, which hold no patch and no word of the prompt."""

    def after(rows: Tensor, more: Tensor) -> Tensor:
        return torch.cat([rows, more.to(rows.dtype)], dim=1)

    inputs = dict(asked.inputs)
    inputs["input_ids"] = after(inputs["input_ids"], told)
    inputs["attention_mask"] = after(inputs["attention_mask"], real)
    for name, value in asked.inputs.items():
        if name.endswith("token_type_ids"):
            inputs[name] = after(value, torch.zeros_like(told))
    nothing = torch.zeros_like(real)
    return replace(
        asked,
        inputs=inputs,
        image=after(asked.image, nothing),
        text=after(asked.text, nothing),
        picture=after(asked.picture, nothing),
        patch=after(asked.patch, torch.full_like(told, -1)),
    )
