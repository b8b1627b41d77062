"""First logits under many edits of the same prompts: what no edit reaches is computed once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float
from torch import Tensor, nn

from benchmark.backends.llava.asking import Prompts
from benchmark.backends.llava.blocks import Blocks
from benchmark.backends.llava.hooking import edited
from benchmark.backends.llava.speaking import run
from benchmark.contracts import Edit

PICTURES = "pixel_values"
CLOSE = 1e-3
"""Share of the largest logit by which a pass that starts later may differ."""
Alternatives = Sequence[Sequence[Edit]]
proven: WeakKeyDictionary[nn.Module, int] = WeakKeyDictionary()
"""The first block from which each model was seen to go on as if it had run the ones before."""


@torch.no_grad()
def logits_under(
    model: nn.Module, blocks: Blocks, asked: Prompts, alternatives: Alternatives
) -> list[Float[Tensor, "b v"]]:
    """Logits of the answers' first token under each of several lists of edits.

    A pass without edits leaves the stream after every block that is the first edited one of a
    list; each list then starts there. A model that does not go on from there with the same logits
    (one that feeds pictures to its blocks in another way, say) runs every list from the start.
    """
    late = fed_late(model)
    firsts = [_first(edits) for edits in alternatives]
    firsts = [None if block is not None and block < late else block for block in firsts]
    wanted = sorted({block for block in firsts if block is not None})
    with _keeping(blocks, wanted) as streams:
        plain = run(model, asked, {})[:, -1].float()
    if wanted and wanted[0] < proven.get(model, len(blocks)):
        again = _resumed(model, blocks, asked, wanted[0], streams[wanted[0]], ())
        if not torch.allclose(again, plain, rtol=0, atol=CLOSE * float(plain.abs().max())):
            return [
                _whole(model, blocks, asked, edits) if edits else plain for edits in alternatives
            ]
        proven[model] = wanted[0]
    found = []
    for block, edits in zip(firsts, alternatives, strict=True):
        if not edits:
            found.append(plain)
        elif block is None:
            found.append(_whole(model, blocks, asked, edits))
        else:
            found.append(_resumed(model, blocks, asked, block, streams[block], edits))
    return found


def fed_late(model: Any) -> int:
    """How many of the first blocks are followed by more features of the picture (Qwen3-VL).

    A pass that starts after one of these would lack what comes after it.
    """
    vision = getattr(model.config, "vision_config", None)
    return len(getattr(vision, "deepstack_visual_indexes", None) or ())


def _first(edits: Sequence[Edit]) -> int | None:
    """The first block that is edited; None where that is before the projector, or nowhere."""
    places = [edit.block for edit in edits]
    return None if None in places or not places else min(b for b in places if b is not None)


def _whole(model: nn.Module, blocks: Blocks, asked: Prompts, edits: Sequence[Edit]) -> Tensor:
    with edited(blocks, asked, edits):
        return run(model, asked, {})[:, -1].float()


def _resumed(
    model: nn.Module,
    blocks: Blocks,
    asked: Prompts,
    block: int,
    stream: Any,
    edits: Sequence[Edit],
) -> Tensor:
    """What a pass finds that has `stream` as the output of a block, and ran nothing before it."""
    inputs = {k: v for k, v in asked.inputs.items() if not k.startswith(PICTURES)}
    with _skipping(blocks, block, stream), edited(blocks, asked, edits):
        return run(model, replace(asked, inputs=inputs), {})[:, -1].float()


@contextmanager
def _keeping(blocks: Blocks, wanted: Sequence[int]) -> Iterator[dict[int, Any]]:
    """Collects the whole output of these blocks, whatever its form."""
    found: dict[int, Any] = {}

    def keep(block: int) -> Any:
        def hook(_module: nn.Module, _inputs: Any, output: Any) -> None:
            found[block] = output

        return hook

    handles = [blocks[block].register_forward_hook(keep(block)) for block in wanted]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def _skipping(blocks: Blocks, last: int, output: Any) -> Iterator[None]:
    """While the context is open no block up to the last runs: each puts this output out."""
    modules = [blocks[block] for block in range(last + 1)]
    own = [vars(module).get("forward") for module in modules]
    for module in modules:
        module.forward = lambda *_args, **_more: output
    try:
        yield
    finally:
        for module, before in zip(modules, own, strict=True):
            del module.forward
            if before is not None:
                module.forward = before
