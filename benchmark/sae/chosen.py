"""Products with the rows of a matrix at chosen places alone, with gradients of those places alone.

For codes whose support something else than their own logits decides. All products have to be made
to choose; of their gradient n·k entries are not 0, so no dense one is multiplied.
"""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.decode import decode
from benchmark.kernels.gradients import weight_gradients


def products_at(
    x: Float[Tensor, "n d"],
    rows: Float[Tensor, "m d"],
    bias: Float[Tensor, " m"],
    products: Float[Tensor, "n m"],
    indices: Int[Tensor, "n k"],
) -> Float[Tensor, "n k"]:
    """x @ rows.T + bias, all of which `products` holds already, at `indices`."""
    found: Tensor = Chosen.apply(x, rows, bias, products, indices)
    return found


class Chosen(torch.autograd.Function):
    """(x, rows, bias, products, indices) → products at indices."""

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, rows: Tensor, _: Tensor, products: Tensor, indices: Tensor
    ) -> Tensor:
        ctx.save_for_backward(x, rows, indices)
        return products.gather(1, indices)

    @staticmethod
    def backward(ctx: Any, d: Tensor) -> tuple[Tensor | None, ...]:
        x, rows, indices = ctx.saved_tensors
        d = d.contiguous()
        # The third is of a decoder: there is none here.
        d_rows, d_bias, _ = weight_gradients(d, indices, len(rows), x, d, x)
        d_x = decode(d, indices, rows, rows.new_zeros(rows.shape[1]))
        return d_x if ctx.needs_input_grad[0] else None, d_rows, d_bias, None, None
