"""Stacks of blocks read off a model whose weights are nowhere: counted, not guessed."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from benchmark.planning.outline import Stack


def unweighed() -> torch.device:
    """Where tensors have a shape and no memory: what is built there costs nothing."""
    return torch.device("meta")


def counted(model: nn.Module) -> int:
    """Parameters, those that are shared once."""
    return sum(p.numel() for p in model.parameters())


def longest(module: nn.Module) -> list[nn.Module]:
    """The longest list of blocks inside a module; empty where there is none."""
    lists = [m for m in module.modules() if isinstance(m, (nn.ModuleList, nn.Sequential))]
    alike = [list(m.children()) for m in lists if _one_kind(list(m.children()))]
    return max(alike, key=len, default=[])


def _one_kind(blocks: list[nn.Module]) -> bool:
    return len(blocks) > 0 and len({type(block) for block in blocks}) == 1


def stack_of(name: str, blocks: list[nn.Module], width: int, config: Any = None) -> Stack:
    """Blocks of one kind as figures; of experts those count that a token is sent to."""
    share = _chosen(config)
    middle = blocks[len(blocks) // 2]
    parameters = sum(
        p.numel() * (share if "experts" in path else 1.0) for path, p in middle.named_parameters()
    )
    inner = _inner(config, width) * max(1, int(getattr(config, "num_experts_per_tok", 0) or 1))
    return Stack(name, len(blocks), parameters, width, inner)


def _chosen(config: Any) -> float:
    """The share of its experts that a token is sent to."""
    chosen = getattr(config, "num_experts_per_tok", None)
    every = getattr(config, "num_experts", None) or getattr(config, "num_local_experts", None)
    return chosen / every if chosen and every else 1.0


def _inner(config: Any, width: int) -> int:
    """Width of a row inside the MLP: of an expert where there are some."""
    for name in ("moe_intermediate_size", "intermediate_size"):
        found = getattr(config, name, None)
        if isinstance(found, int):
            return found
    return 4 * width
