"""Reads what modules put out during a forward pass, and pools it over tokens."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from jaxtyping import Bool, Float
from torch import Tensor, nn


@contextmanager
def outputs_of(module: nn.Module) -> Iterator[list[Tensor]]:
    """Collects the (first) output of every call of a module while the context is open."""
    found: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: Any, output: Any) -> None:
        found.append(output[0] if isinstance(output, (tuple, list)) else output)

    handle = module.register_forward_hook(keep)
    try:
        yield found
    finally:
        handle.remove()


def residual(found: list[Tensor], block: nn.Module, n: int) -> Float[Tensor, "b t d"]:
    """The residual stream after a block that ran once on n inputs, batch first.

    Raises ValueError where the block ran another number of times or gave another shape.
    """
    attention = getattr(block, "attn", None)
    if len(found) != 1 or found[0].ndim != 3:
        shapes = [list(output.shape) for output in found]
        raise ValueError(f"{type(block).__name__} put out {shapes}, wanted one [b, t, d]")
    rows = found[0] if getattr(attention, "batch_first", True) else found[0].transpose(0, 1)
    if len(rows) != n:
        raise ValueError(f"{type(block).__name__} put out {len(rows)} rows, wanted {n}")
    return rows


def mean_over(tokens: Float[Tensor, "b t d"], real: Bool[Tensor, "b t"]) -> Float[Tensor, "b d"]:
    """Mean over real tokens only. Every row needs at least one."""
    weights = real.to(tokens.dtype).unsqueeze(2)
    return (tokens * weights).sum(1) / weights.sum(1)
