"""Full-precision pre-activations of candidates that a low-precision encode found; the best k stay.

A bf16 encode alone changes which latents are kept in up to 42 % of rows; scoring a few more than k
of its candidates again restores the choice, and gives the values of a float32 encode. Among 65,536
latents 8 more left 1 row in 2,000 with another choice, so it is 16.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.launch import SETTINGS, power_of_two
from benchmark.kernels.topk.triton import first_k, keys_of, topk


@triton.jit
def score_again(
    x,
    encoder,
    b_enc,
    rough,
    candidates,
    values,
    indices,
    d,
    C,
    K,
    SLOTS: tl.constexpr,
    BLOCK: tl.constexpr,
):
    """x · w + b of every candidate of a row in float32, and the K largest; indices ascend."""
    row = tl.program_id(0).to(tl.int64)
    slot = tl.arange(0, SLOTS)
    latent = tl.load(candidates + row * C + slot, mask=slot < C, other=0)
    live = (slot < C) & (tl.load(rough + row * C + slot, mask=slot < C, other=0.0) != 0)
    total = tl.zeros((SLOTS, BLOCK), tl.float32)
    for start in range(0, d, BLOCK):
        column = start + tl.arange(0, BLOCK)
        u = tl.load(x + row * d + column, mask=column < d, other=0.0).to(tl.float32)
        at = latent[:, None] * d + column[None, :]
        w = tl.load(encoder + at, mask=live[:, None] & (column < d)[None, :], other=0.0)
        total += w.to(tl.float32) * u[None, :]
    score = tl.sum(total, 1) + tl.load(b_enc + latent, mask=live, other=0.0).to(tl.float32)
    taken = first_k(tl.where(live, keys_of(score), 0), K, 31)
    count = tl.sum(taken.to(tl.int32))
    place = row * K + K - count + tl.cumsum(taken.to(tl.int32)) - 1
    tl.store(values + place, score, mask=taken)
    tl.store(indices + place, latent, mask=taken)
    tl.store(values + row * K + slot, 0.0, mask=slot < K - count)
    tl.store(indices + row * K + slot, 0, mask=slot < K - count)


def rescore(
    x: Float[Tensor, "n d"],
    encoder: Float[Tensor, "m d"],
    b_enc: Float[Tensor, " m"],
    rough: Float[Tensor, "n c"],
    candidates: Int[Tensor, "n c"],
    k: int,
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Values and indices of the k best of `candidates` (where `rough` is not 0, ascending)."""
    checks.ready(x=x, encoder=encoder, b_enc=b_enc, rough=rough, candidates=candidates)
    checks.codes(rough, candidates)
    checks.columns(x=x, encoder=encoder)
    n, d = x.shape
    values = torch.empty(n, k, dtype=torch.float32, device=x.device)
    indices = torch.empty(n, k, dtype=torch.int64, device=x.device)
    slots = power_of_two(candidates.shape[1])
    how = SETTINGS["encode"]
    block = max(32, min(power_of_two(d), how["tile"] // slots))
    score_again[(n,)](
        x,
        encoder,
        b_enc,
        rough,
        candidates,
        values,
        indices,
        d,
        candidates.shape[1],
        k,
        SLOTS=slots,
        BLOCK=block,
        num_warps=how["warps"],
    )
    return values, indices


EXTRA = 16
"""Candidates beyond k that a low-precision encode hands on to be scored again."""


def encode(
    centred: Float[Tensor, "n d"],
    encoder: Float[Tensor, "m d"],
    b_enc: Float[Tensor, " m"],
    k: int,
    low: Float[Tensor, "m d"] | None = None,
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Values and indices of TopK(relu(centred · encoder row + b)); `low` is a cheaper copy of
    `encoder` that proposes candidates.
    """
    checks.ready(centred=centred, encoder=encoder, b_enc=b_enc)
    checks.columns(centred=centred, encoder=encoder)
    if low is None:
        return topk(torch.addmm(b_enc, centred, encoder.T), k)
    pre = torch.addmm(b_enc.to(low.dtype), centred.to(low.dtype), low.T)
    rough, candidates = topk(pre, min(k + EXTRA, len(encoder)))
    return rescore(centred, encoder, b_enc, rough, candidates, k)
