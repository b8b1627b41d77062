"""Gradients of the weight rows of active latents: sums over the slots of each latent, in row order.

Slots are sorted by latent (stable, so that sums are the same to the last bit each time). A program
sums one latent's rows of two matrices over one slice of columns; slices come one after another so
that what is read of them stays in cache. A latent with more than LONG slots is shared: blocks of
sorted slots sum what lies beyond its first LONG, and the latent's own program adds these up.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.launch import SETTINGS, power_of_two


@dataclass(frozen=True, eq=False)
class Grouped:
    """Slots of a batch of codes by latent; slots whose value is 0 are left out."""

    slot: Int[Tensor, " s"]
    """Flat slot numbers, latent by latent, in row order within one; the unused come last."""
    latent: Int[Tensor, " s"]
    starts: Int[Tensor, " m+1"]
    """Where the slots of each latent begin in `slot`."""


def grouped(values: Float[Tensor, "n k"], indices: Int[Tensor, "n k"], m: int) -> Grouped:
    """Slots by latent, without waiting for the device."""
    checks.codes(values, indices)
    narrow = torch.int16 if m < 2**15 else torch.int32
    keys = torch.where(values != 0, indices, m).flatten().to(narrow)
    latent, slot = keys.sort(stable=True)
    edges = torch.arange(m + 1, dtype=narrow, device=keys.device)
    return Grouped(slot, latent, torch.searchsorted(latent, edges, out_int32=True))


@triton.jit
def spread(
    slots, one, two, three, rows, one_out, two_out, three_out, total, K, BLOCK: tl.constexpr
):
    """The row and three numbers of each sorted slot."""
    place = tl.program_id(0) * BLOCK + tl.arange(0, BLOCK)
    there = place < total
    slot = tl.load(slots + place, mask=there, other=0)
    tl.store(rows + place, (slot // K).to(tl.int32), mask=there)
    tl.store(one_out + place, tl.load(one + slot, mask=there, other=0.0), mask=there)
    tl.store(two_out + place, tl.load(two + slot, mask=there, other=0.0), mask=there)
    tl.store(three_out + place, tl.load(three + slot, mask=there, other=0.0), mask=there)


@triton.jit
def summed(
    rows,
    weights,
    total,
    first,
    last,
    left,
    right,
    column,
    d,
    AT_ONCE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Σ weight · row of two matrices over sorted slots first … last - 1, a slice of columns.

    Also Σ of the second weight and of the third number. AT_ONCE rows are on their way at a time.
    """
    one = tl.zeros((BLOCK,), tl.float32)
    two = tl.zeros((BLOCK,), tl.float32)
    three = tl.full((), 0.0, tl.float32)
    four = tl.full((), 0.0, tl.float32)
    inside = column < d
    for start in range(first, last, AT_ONCE):
        for step in tl.static_range(AT_ONCE):
            place = start + step
            there = place < last
            row = tl.load(rows + place, mask=there, other=0).to(tl.int64)
            a = tl.load(weights + place, mask=there, other=0.0)
            b = tl.load(weights + total + place, mask=there, other=0.0)
            three += b
            four += tl.load(weights + 2 * total + place, mask=there, other=0.0)
            at = row * d + column
            mask = inside & there
            one += a * tl.load(left + at, mask=mask, other=0.0).to(tl.float32)
            two += b * tl.load(right + at, mask=mask, other=0.0).to(tl.float32)
    return one, two, three, four


@triton.jit
def sum_blocks(
    rows,
    weights,
    total,
    latents,
    starts,
    left,
    right,
    parts,
    sums,
    blocks,
    d,
    m,
    LONG: tl.constexpr,
    AT_ONCE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """What a block of LONG sorted slots adds to the latent it opens with, beyond its first LONG."""
    block = tl.program_id(0)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    latent = tl.load(latents + block * LONG).to(tl.int32)
    if latent < m:
        first = tl.maximum(tl.load(starts + latent) + LONG, block * LONG)
        last = tl.minimum(tl.load(starts + latent + 1), block * LONG + LONG)
        if first < last:
            one, two, three, four = summed(
                rows, weights, total, first, last, left, right, column, d, AT_ONCE, BLOCK
            )
            at = block.to(tl.int64) * d + column
            tl.store(parts + at, one, mask=column < d)
            tl.store(parts + tl.full((), 1, tl.int64) * blocks * d + at, two, mask=column < d)
            tl.store(sums + block, three)
            tl.store(sums + blocks + block, four)


@triton.jit
def sum_latents(
    rows,
    weights,
    total,
    starts,
    left,
    right,
    parts,
    sums,
    blocks,
    left_out,
    right_out,
    squares,
    right_sum,
    third_sum,
    d,
    LONG: tl.constexpr,
    AT_ONCE: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """Both gradient rows of one latent over a slice of columns, and the squares they add up to.

    A latent without slots gets sums of 0 and no row: nobody may read it.
    """
    latent = tl.program_id(0)
    column = tl.program_id(1) * BLOCK + tl.arange(0, BLOCK)
    first = tl.load(starts + latent)
    last = tl.load(starts + latent + 1)
    part = latent.to(tl.int64) * tl.num_programs(1) + tl.program_id(1)
    square = squares + 2 * part
    if last == first:
        tl.store(square, 0.0)
        tl.store(square + 1, 0.0)
        tl.store(right_sum + latent, 0.0)
        tl.store(third_sum + latent, 0.0)
    else:
        one, two, three, four = summed(
            rows,
            weights,
            total,
            first,
            tl.minimum(last, first + LONG),
            left,
            right,
            column,
            d,
            AT_ONCE,
            BLOCK,
        )
        if last > first + LONG:
            for block in range((first + LONG) // LONG, (last - 1) // LONG + 1):
                at = tl.full((), 1, tl.int64) * block * d + column
                one += tl.load(parts + at, mask=column < d, other=0.0)
                at += tl.full((), 1, tl.int64) * blocks * d
                two += tl.load(parts + at, mask=column < d, other=0.0)
                three += tl.load(sums + block)
                four += tl.load(sums + blocks + block)
        at = latent.to(tl.int64) * d + column
        tl.store(left_out + at, one, mask=column < d)
        tl.store(right_out + at, two, mask=column < d)
        tl.store(square, tl.sum(one * one))
        tl.store(square + 1, tl.sum(two * two))
        tl.store(right_sum + latent, three)
        tl.store(third_sum + latent, four)


@dataclass(frozen=True, eq=False)
class RowGradients:
    """Gradient rows of latents that have a slot; the other rows hold anything."""

    left: Float[Tensor, "m d"]
    right: Float[Tensor, "m d"]
    squares: Float[Tensor, "m s 2"]
    """Σ over a slice of columns of the squared entries of both; 0 for a latent without a slot."""
    right_sum: Float[Tensor, " m"]
    """Σ right_weight over the slots of each latent."""
    third_sum: Float[Tensor, " m"]


def row_gradients(
    by: Grouped,
    left: Float[Tensor, "n d"],
    left_weight: Float[Tensor, "n k"],
    right: Float[Tensor, "n d"],
    right_weight: Float[Tensor, "n k"],
    third: Float[Tensor, "n k"] | None = None,
    out: tuple[Tensor, Tensor] | None = None,
) -> RowGradients:
    """Σ left_weight · left and Σ right_weight · right over the slots of each latent, float32.

    Written to `out` where it is given. Rows of latents without a slot are left as they are.
    `third` is summed alone.
    """
    checks.ready(left=left, right=right, left_weight=left_weight, right_weight=right_weight)
    checks.columns(left=left, right=right)
    (n, k), d, m = left_weight.shape, left.shape[1], len(by.starts) - 1
    how, device, total = SETTINGS["gradients"], left.device, n * k
    if out is None:
        out = (torch.empty(m, d, device=device), torch.empty(m, d, device=device))
    rows = torch.empty(total, dtype=torch.int32, device=device)
    weights = torch.empty(3, total, device=device)
    third = left_weight if third is None else third
    spread[(triton.cdiv(total, 1024),)](
        by.slot, left_weight, right_weight, third, rows, *weights, total, k, BLOCK=1024
    )
    block, long = min(power_of_two(d), how["columns"]), how["long"]
    slices, blocks = triton.cdiv(d, block), triton.cdiv(total, long)
    parts, sums = torch.empty(2, blocks, d, device=device), torch.empty(2, blocks, device=device)
    squares, totals = torch.empty(m, slices, 2, device=device), torch.empty(2, m, device=device)
    settings = {"LONG": long, "BLOCK": block, "num_warps": how["warps"]}
    sum_blocks[(blocks, slices)](
        rows,
        weights,
        total,
        by.latent,
        by.starts,
        left,
        right,
        parts,
        sums,
        blocks,
        d,
        m,
        AT_ONCE=4,
        **settings,
    )
    sum_latents[(m, slices)](
        rows,
        weights,
        total,
        by.starts,
        left,
        right,
        parts,
        sums,
        blocks,
        *out,
        squares,
        totals[0],
        totals[1],
        d,
        AT_ONCE=how["at_once"],
        **settings,
    )
    return RowGradients(*out, squares, totals[0], totals[1])
