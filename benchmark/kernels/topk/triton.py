"""Row top-k in one read: maxima of groups say where the k largest are, and only these are reread.

Every group that holds one of the k largest entries has a maximum no smaller than the k-th largest
maximum, so k groups hold all k. Groups are contiguous, so where maxima tie the first groups hold
the entries of lowest index. Entries are compared as the integers that their bits are: for numbers
that are not negative these have the same order, and NaN is above them all.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.launch import SETTINGS, power_of_two
from benchmark.kernels.topk import WIDEST_K, fits


@triton.jit
def keys_of(x):
    """The bits of numbers as integers: positive ones in their order, NaN above, the rest below."""
    if x.dtype.primitive_bitwidth == 16:
        keys = x.to(tl.int16, bitcast=True)
    else:
        keys = x.to(tl.int32, bitcast=True)
    return keys


@triton.jit
def kth_largest(keys, K, BITS: tl.constexpr):
    """Largest threshold that at least K keys reach, bit after bit; 0 where fewer are above 0."""
    threshold = tl.full((), 0, tl.int32)
    for step in range(BITS):
        trial = threshold | (1 << (BITS - 1 - step))
        reached = tl.sum((keys >= trial).to(tl.int32))
        threshold = tl.where(reached >= K, trial, threshold)
    return threshold


@triton.jit
def first_k(keys, K, BITS: tl.constexpr):
    """Which of a flat block of int32 keys are its K largest above 0; the first win a tie."""
    threshold = kth_largest(keys, K, BITS)
    above = keys > threshold
    tied = ((keys == threshold) & (threshold > 0)).to(tl.int32)
    room = K - tl.sum(above.to(tl.int32))
    return above | ((tied > 0) & (tl.cumsum(tied) <= room))


@triton.jit
def group_maxima(rows, maxima, stride, width, groups, GROUPS: tl.constexpr, WIDTH: tl.constexpr):
    """Largest key of every WIDTH entries of a row."""
    row = tl.program_id(0).to(tl.int64)
    group = tl.program_id(1) * GROUPS + tl.arange(0, GROUPS)
    at = group[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
    x = tl.load(rows + row * stride + at, mask=at < width, other=0.0)
    tl.store(maxima + row * groups + group, tl.max(keys_of(x), 1), mask=group < groups)


@triton.jit
def choose_groups(
    maxima, chosen, least, groups, K, SLOTS: tl.constexpr, ALL: tl.constexpr, BITS: tl.constexpr
):
    """The K groups of a row that hold its K largest entries, ascending; -1 in slots left over.

    `least` is the K-th largest maximum: what no entry that is wanted is below.
    """
    row = tl.program_id(0).to(tl.int64)
    group = tl.arange(0, ALL)
    keys = tl.load(maxima + row * groups + group, mask=group < groups, other=0).to(tl.int32)
    taken = first_k(keys, K, BITS)
    tl.store(least + row, tl.min(tl.where(taken, keys, 0x7FFFFFFF)))
    place = tl.cumsum(taken.to(tl.int32)) - 1
    tl.store(chosen + row * K + place, group, mask=taken)
    slot = tl.arange(0, SLOTS)
    left = (slot >= tl.sum(taken.to(tl.int32))) & (slot < K)
    tl.store(chosen + row * K + slot, tl.full((SLOTS,), -1, tl.int32), mask=left)


@triton.jit
def collect(
    rows,
    chosen,
    least,
    found,
    places,
    stride,
    width,
    K,
    GROUPED: tl.constexpr,
    SLOTS: tl.constexpr,
    CAP: tl.constexpr,
    WIDTH: tl.constexpr,
    BITS: tl.constexpr,
):
    """Keys and places of what a row's chosen groups hold from `least` up, ascending by place.

    There are seldom more than CAP; where there are, the K largest.
    """
    row = tl.program_id(0).to(tl.int64)
    slot = tl.arange(0, SLOTS)
    if GROUPED:
        group = tl.load(chosen + row * K + slot, mask=slot < K, other=-1)
        threshold = tl.maximum(tl.load(least + row), 1)
    else:
        group = slot
        threshold = 1
    at = group[:, None] * WIDTH + tl.arange(0, WIDTH)[None, :]
    there = tl.reshape((group >= 0)[:, None] & (at < width), (SLOTS * WIDTH,))
    at = tl.reshape(at, (SLOTS * WIDTH,))
    keys = keys_of(tl.load(rows + row * stride + at, mask=there, other=0.0)).to(tl.int32)
    taken = keys >= threshold
    if tl.sum(taken.to(tl.int32)) > CAP:
        taken = first_k(keys, K, BITS)
    place = tl.cumsum(taken.to(tl.int32)) - 1
    tl.store(found + row * CAP + place, keys, mask=taken)
    tl.store(places + row * CAP + place, at, mask=taken)
    pad = tl.arange(0, CAP)
    empty = pad >= tl.sum(taken.to(tl.int32))
    tl.store(found + row * CAP + pad, tl.zeros((CAP,), tl.int32), mask=empty)


@triton.jit
def finish(rows, found, places, values, indices, stride, K, CAP: tl.constexpr, BITS: tl.constexpr):
    """The K largest of a row's CAP candidates; indices ascend, pads come first."""
    row = tl.program_id(0).to(tl.int64)
    slot = tl.arange(0, CAP)
    keys = tl.load(found + row * CAP + slot)
    taken = first_k(keys, K, BITS)
    at = tl.load(places + row * CAP + slot, mask=taken, other=0)
    x = tl.load(rows + row * stride + at, mask=taken, other=0.0)
    empty = K - tl.sum(taken.to(tl.int32))
    place = row * K + empty + tl.cumsum(taken.to(tl.int32)) - 1
    tl.store(values + place, x, mask=taken)
    tl.store(indices + place, at.to(tl.int64), mask=taken)
    tl.store(values + row * K + slot, 0.0, mask=slot < empty)
    tl.store(indices + row * K + slot, tl.zeros((CAP,), tl.int64), mask=slot < empty)


def topk(rows: Float[Tensor, "n w"], k: int) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The k largest entries above 0 of each row; indices ascend, empty slots come first as 0, 0.

    The lowest index wins a tie; a row with NaN has NaN among its values. Raises ValueError for
    rows with gaps, a type that is not float32, bfloat16 or float16, or a k that does not fit.
    """
    checks.ready(rows=rows)
    n, width = rows.shape
    if not (1 <= k <= width and fits(width, k)):
        raise ValueError(f"k is {k} of {width} columns, wanted 1 to {min(width, WIDEST_K)}")
    bits = 8 * rows.element_size() - 1
    cap = max(32, 2 * power_of_two(k))
    found = torch.empty(n, cap, dtype=torch.int32, device=rows.device)
    places = torch.empty_like(found)
    settings = {"CAP": cap, "BITS": bits, "num_warps": SETTINGS["topk.collect"]["warps"]}
    if width <= 1024 or width <= 8 * k:
        collect[(n,)](
            rows, found, found, found, places, width, width, k,
            GROUPED=False, SLOTS=1, WIDTH=power_of_two(width), **settings,
        )  # fmt: skip
    else:
        group = group_width(width, k)
        chosen, least = _groups(rows, k, group, bits)
        collect[(n,)](
            rows, chosen, least, found, places, width, width, k,
            GROUPED=True, SLOTS=power_of_two(k), WIDTH=group, **settings,
        )  # fmt: skip
    values = rows.new_empty(n, k)
    indices = torch.empty(n, k, dtype=torch.int64, device=rows.device)
    finish[(n,)](rows, found, places, values, indices, width, k, CAP=cap, BITS=bits, num_warps=1)
    return values, indices


def _groups(
    rows: Float[Tensor, "n w"], k: int, group: int, bits: int
) -> tuple[Int[Tensor, "n k"], Int[Tensor, " n"]]:
    """The k groups of each row that hold its k largest entries, and the least of their maxima."""
    n, width = rows.shape
    groups = -(-width // group)
    narrow = torch.int16 if bits == 15 else torch.int32
    maxima = torch.empty(n, groups, dtype=narrow, device=rows.device)
    how, every = SETTINGS["topk.maxima"], power_of_two(groups)
    at_once = max(1, min(every, how["tile"] // group))
    group_maxima[(n, triton.cdiv(groups, at_once))](
        rows, maxima, width, width, groups, GROUPS=at_once, WIDTH=group, num_warps=how["warps"]
    )
    chosen = torch.empty(n, k, dtype=torch.int32, device=rows.device)
    least = torch.empty(n, dtype=torch.int32, device=rows.device)
    choose_groups[(n,)](
        maxima, chosen, least, groups, k,
        SLOTS=power_of_two(k), ALL=every, BITS=bits, num_warps=SETTINGS["topk.choose"]["warps"],
    )  # fmt: skip
    return chosen, least


def group_width(width: int, k: int) -> int:
    """Entries of a group: as many groups as candidates, and whole memory sectors."""
    return min(max(power_of_two(round((width / k) ** 0.5)), 16), 128)
