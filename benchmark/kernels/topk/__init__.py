"""Row top-k: the k largest entries above 0 of each row; the lowest index wins a tie."""

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.kernels.topk import reference

WIDEST_K = 256
"""Largest k that the compiled kernels take: their tiles grow with it."""
WIDEST_ROW = 1 << 20


def fits(width: int, k: int) -> bool:
    """Whether the compiled kernels take rows of this width."""
    return k <= WIDEST_K and width <= WIDEST_ROW


def nth_largest(values: Float[Tensor, "..."], n: int) -> Float[Tensor, ""]:
    """The n-th largest of all entries, that of 0 where fewer are above it.

    Raises ValueError where there are not that many entries.
    """
    if not 1 <= n <= values.numel():
        raise ValueError(f"n is {n}, wanted 1 to the {values.numel()} entries")
    if values.device.type == "cpu" and values.dtype == torch.float32:
        from benchmark.kernels.topk import cpu

        return cpu.nth_largest(values, n)
    return reference.nth_largest(values, n)
