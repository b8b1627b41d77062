"""Encode + TopK on a CPU: one product, then a pass over it; or a cheap product, scored again."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels.decode.cpu import dots
from benchmark.kernels.device import halves_on_cpu
from benchmark.kernels.topk import cpu as loops

EXTRA = 8
"""Candidates beyond k that a low-precision product hands on: with them 4,096 of 4,096 rows of a
trained dictionary kept the latents of float32, without them 58 to 97 in 100."""


def encode(
    centred: Float[Tensor, "n d"], encoder: Float[Tensor, "m d"], b_enc: Float[Tensor, " m"], k: int
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """See `encode`; indices ascend."""
    return loops.topk(torch.addmm(b_enc, centred, encoder.T), k)


def encode_low(
    centred: Float[Tensor, "n d"],
    encoder: Float[Tensor, "m d"],
    b_enc: Float[Tensor, " m"],
    k: int,
    dtype: torch.dtype,
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """The same where a product in `dtype`, a cheaper one, proposes k + EXTRA candidates.

    On a processor that would emulate its product nothing is cheaper than `encode`.
    """
    if not halves_on_cpu():
        return encode(centred, encoder, b_enc, k)
    pre = torch.addmm(b_enc.to(dtype), centred.to(dtype), encoder.to(dtype).T)
    rough, candidates = loops.topk(pre, min(k + EXTRA, len(encoder)))
    score = dots(rough.float(), candidates, encoder, centred) + b_enc[candidates]
    values, slots = loops.topk(score.masked_fill(rough == 0, 0), k)
    return values, candidates.gather(1, slots)
