"""Gradients of both weight matrices under a sparse code: sums over the slots of each latent."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.checks import same_device
from benchmark.kernels.device import compiled
from benchmark.kernels.gradients import cpu

Grads = tuple[Float[Tensor, "m d"], Float[Tensor, " m"], Float[Tensor, "m d"]]


def weight_gradients(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    m: int,
    centred: Float[Tensor, "n d"],
    d_pre: Float[Tensor, "n k"],
    d_out: Float[Tensor, "n d"],
) -> Grads:
    """Gradients of encoder rows, encoder bias and decoder rows; zeros where no slot is.

    The same to the last bit each time. Raises ValueError for tensors on different devices.
    """
    same_device(values=values, indices=indices, centred=centred, d_pre=d_pre, d_out=d_out)
    if not compiled(values):
        row = torch.arange(len(values), device=values.device)
        rows = row[:, None].expand_as(values).reshape(-1)
        code = (values.reshape(-1), d_pre.reshape(-1), indices.reshape(-1))
        return cpu.weight_gradients(rows, *code, m, centred, d_out)
    from benchmark.kernels.gradients import triton

    out = tuple(torch.zeros(m, centred.shape[1], device=values.device) for _ in range(2))
    by = triton.grouped(values, indices, m)
    found = triton.row_gradients(by, d_out.contiguous(), values, centred, d_pre, out=out)  # type: ignore[arg-type]
    return found.right, found.right_sum, found.left
