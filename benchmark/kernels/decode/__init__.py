"""Sparse decode, and the gradient that reaches a code through it."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.checks import same_device
from benchmark.kernels.decode import cpu
from benchmark.kernels.device import compiled


def decode(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
) -> Float[Tensor, "n d"]:
    """Σ value · decoder row + b_dec. Raises ValueError for tensors on different devices."""
    same_device(values=values, indices=indices, decoder=decoder, b_dec=b_dec)
    if compiled(values):
        from benchmark.kernels.decode import triton

        return triton.decode(values, indices, decoder, b_dec)
    return cpu.decode(values, indices, decoder, b_dec)


def dots(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    d_out: Float[Tensor, "n d"],
) -> Float[Tensor, "n k"]:
    """⟨decoder row, d_out⟩ of every slot in use; what an empty slot gets is not promised."""
    same_device(values=values, indices=indices, decoder=decoder, d_out=d_out)
    if compiled(values):
        from benchmark.kernels.decode import triton

        return triton.dots(values, indices, decoder, d_out.contiguous())
    return cpu.dots(values, indices, decoder, d_out)
