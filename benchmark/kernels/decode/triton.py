"""Sparse decode, and decode + residual + loss + code gradient in one gather of decoder rows.

The residual of a slice of columns needs only that slice of a row's k decoder rows, so the code
gradient ⟨decoder row, residual⟩ grows while they are in registers: one gather where autograd
makes two.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.launch import SETTINGS, power_of_two


@triton.jit
def decode_rows(
    values,
    indices,
    decoder,
    b_dec,
    target,
    out,
    dots,
    loss,
    d,
    m,
    K,
    SLOTS: tl.constexpr,
    BLOCK: tl.constexpr,
    LOSS: tl.constexpr,
):
    """One row: Σ value · decoder row + b_dec, or with LOSS what is left after the target is taken
    from it, its square summed, and its product with every decoder row.
    """
    row = tl.program_id(0).to(tl.int64)
    slot = tl.arange(0, SLOTS)
    value = tl.load(values + row * K + slot, mask=slot < K, other=0.0).to(tl.float32)
    latent = tl.load(indices + row * K + slot, mask=slot < K, other=0)
    live = (value != 0) & (latent >= 0) & (latent < m)
    along = tl.zeros((SLOTS, BLOCK), tl.float32)
    squares = tl.zeros((BLOCK,), tl.float32)
    for start in range(0, d, BLOCK):
        column = start + tl.arange(0, BLOCK)
        inside = column < d
        at = latent[:, None] * d + column[None, :]
        w = tl.load(decoder + at, mask=live[:, None] & inside[None, :], other=0.0).to(tl.float32)
        y = tl.sum(w * value[:, None], 0)
        y += tl.load(b_dec + column, mask=inside, other=0.0).to(tl.float32)
        if LOSS:
            y -= tl.load(target + row * d + column, mask=inside, other=0.0).to(tl.float32)
            y = tl.where(inside, y, 0.0)
            squares += y * y
            along += w * y[None, :]
        tl.store(out + row * d + column, y, mask=inside)
    if LOSS:
        tl.store(dots + row * K + slot, tl.sum(along, 1), mask=slot < K)
        tl.store(loss + row, tl.sum(squares))


@triton.jit
def dot_rows(
    values, indices, decoder, d_out, dots, d, m, K, SLOTS: tl.constexpr, BLOCK: tl.constexpr
):
    """⟨decoder row, d_out⟩ of every slot of a row that is in use, 0 elsewhere."""
    row = tl.program_id(0).to(tl.int64)
    slot = tl.arange(0, SLOTS)
    value = tl.load(values + row * K + slot, mask=slot < K, other=0.0)
    latent = tl.load(indices + row * K + slot, mask=slot < K, other=0)
    live = (value != 0) & (latent >= 0) & (latent < m)
    along = tl.zeros((SLOTS, BLOCK), tl.float32)
    for start in range(0, d, BLOCK):
        column = start + tl.arange(0, BLOCK)
        at = latent[:, None] * d + column[None, :]
        w = tl.load(decoder + at, mask=live[:, None] & (column < d)[None, :], other=0.0)
        g = tl.load(d_out + row * d + column, mask=column < d, other=0.0).to(tl.float32)
        along += w.to(tl.float32) * g[None, :]
    tl.store(dots + row * K + slot, tl.sum(along, 1), mask=slot < K)


def _held(values: Tensor, indices: Tensor, **wide: Tensor) -> None:
    checks.ready(values=values, indices=indices, **wide)
    checks.codes(values, indices)
    checks.columns(**wide)


def _blocks(k: int, d: int) -> tuple[int, int, int]:
    """Slots, columns at once and warps for rows of k slots."""
    how, slots = SETTINGS["decode"], power_of_two(k)
    block = max(32, min(power_of_two(d), how["tile"] // slots, 1024))
    return slots, block, how["warps"]


def decode(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
) -> Float[Tensor, "n d"]:
    """Σ value · decoder row + b_dec, in float32."""
    _held(values, indices, decoder=decoder, b_dec=b_dec)
    out = torch.empty(len(values), decoder.shape[1], dtype=torch.float32, device=values.device)
    _decode((values, indices, decoder, b_dec), out, out, out, out, loss=False)
    return out


def dots(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    d_out: Float[Tensor, "n d"],
) -> Float[Tensor, "n k"]:
    """⟨decoder row, d_out⟩ of every slot whose value is not 0; 0 in the others."""
    _held(values, indices, decoder=decoder, d_out=d_out)
    (n, k), (m, d) = values.shape, decoder.shape
    found = torch.empty(n, k, dtype=torch.float32, device=values.device)
    slots, block, warps = _blocks(k, d)
    dot_rows[(n,)](
        values, indices, decoder, d_out, found, d, m, k, SLOTS=slots, BLOCK=block, num_warps=warps
    )
    return found


def decode_loss(
    values: Float[Tensor, "n k"],
    indices: Int[Tensor, "n k"],
    decoder: Float[Tensor, "m d"],
    b_dec: Float[Tensor, " d"],
    target: Float[Tensor, "n d"],
    dtype: torch.dtype = torch.float32,
) -> tuple[Float[Tensor, "n d"], Float[Tensor, "n k"], Float[Tensor, " n"]]:
    """Residual û − u (in `dtype`), ⟨decoder row, residual⟩ of every slot, ‖residual‖² of rows."""
    _held(values, indices, decoder=decoder, b_dec=b_dec, target=target)
    residual = torch.empty(target.shape, dtype=dtype, device=values.device)
    along = torch.empty(values.shape, dtype=torch.float32, device=values.device)
    squares = torch.empty(len(values), dtype=torch.float32, device=values.device)
    _decode((values, indices, decoder, b_dec), target, residual, along, squares, loss=True)
    return residual, along, squares


def _decode(
    code: tuple[Tensor, ...],
    target: Tensor,
    out: Tensor,
    dots: Tensor,
    squares: Tensor,
    *,
    loss: bool,
) -> None:
    """`decode_rows` of values, indices, decoder, b_dec; only `loss` uses target, dots, squares."""
    (n, k), (m, d) = code[0].shape, code[2].shape
    slots, block, warps = _blocks(k, d)
    decode_rows[(n,)](
        *code, target, out, dots, squares, d, m, k,
        SLOTS=slots, BLOCK=block, LOSS=loss, num_warps=warps,
    )  # fmt: skip
