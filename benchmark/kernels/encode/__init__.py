"""Encode + TopK: values and indices of the k latents that a row excites most."""

from __future__ import annotations

from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.checks import no_nan, same_device
from benchmark.kernels.device import compiled
from benchmark.kernels.encode import cpu
from benchmark.kernels.topk import fits


def encode(
    centred: Float[Tensor, "n d"], encoder: Float[Tensor, "m d"], b_enc: Float[Tensor, " m"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest of relu(centred · encoder row + b) of each row, in no promised order.

    The lowest index wins a tie; an empty slot has value 0. Raises ValueError for tensors on
    different devices, and on a CPU for NaN; on a GPU it is among the values, for to ask would be
    to wait.
    """
    same_device(centred=centred, encoder=encoder, b_enc=b_enc)
    if compiled(centred) and fits(len(encoder), k):
        from benchmark.kernels.encode import triton

        return triton.encode(centred, encoder, b_enc, k)
    values, indices = cpu.encode(centred, encoder, b_enc, k)
    no_nan(values, "encode")
    return values, indices
