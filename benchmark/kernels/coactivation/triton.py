"""Σ z_I z_Tᵀ over pairs, from sparse codes, in float64: every product is added where it belongs.

Slots of image codes are sorted by latent, so the row of the result that is being added to stays in
cache. Products of float32 numbers are exact in float64; the order of additions is not fixed, which
moves a sum by no more than its last bits.
"""

from __future__ import annotations

import torch
import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.gradients.triton import grouped
from benchmark.kernels.launch import SETTINGS, power_of_two


@triton.jit
def add_products(
    slots,
    latents,
    image_values,
    text_values,
    text_indices,
    cross,
    total,
    m,
    width,
    KI,
    KT,
    AT_ONCE: tl.constexpr,
    SLOTS: tl.constexpr,
):
    """Products of AT_ONCE sorted image slots with all slots of their partners."""
    place = tl.program_id(0) * AT_ONCE + tl.arange(0, AT_ONCE)
    latent = tl.load(latents + place, mask=place < total, other=m)
    there = latent < m
    slot = tl.load(slots + place, mask=there, other=0)
    z = tl.load(image_values + slot, mask=there, other=0.0).to(tl.float64)
    other = tl.arange(0, SLOTS)
    at = (slot // KI).to(tl.int64)[:, None] * KT + other[None, :]
    inside = there[:, None] & (other < KT)[None, :]
    w = tl.load(text_values + at, mask=inside, other=0.0).to(tl.float64)
    partner = tl.load(text_indices + at, mask=inside, other=0)
    to = cross + latent.to(tl.int64)[:, None] * width + partner
    tl.atomic_add(to, z[:, None] * w, mask=inside & (w != 0), sem="relaxed")


def add_cross(
    cross: Float[Tensor, "m_i m_t"],
    image: tuple[Float[Tensor, "n ki"], Int[Tensor, "n ki"]],
    text: tuple[Float[Tensor, "n kt"], Int[Tensor, "n kt"]],
) -> None:
    """Adds Σ over rows of image code ⊗ text code to `cross`, float64, in place."""
    (values, indices), (others, partners) = image, text
    checks.ready(values=values, indices=indices, others=others, partners=partners)
    checks.codes(values, indices)
    checks.codes(others, partners)
    if cross.dtype != torch.float64 or not cross.is_contiguous():
        raise ValueError(f"cross is {cross.dtype}, wanted float64 without gaps")
    by = grouped(values, indices, cross.shape[0])
    total = by.slot.numel()
    slots = power_of_two(partners.shape[1])
    how = SETTINGS["coactivation"]
    at_once = how["at_once"]
    add_products[(triton.cdiv(total, at_once),)](
        by.slot,
        by.latent,
        values,
        others,
        partners,
        cross,
        total,
        cross.shape[0],
        cross.shape[1],
        indices.shape[1],
        partners.shape[1],
        AT_ONCE=at_once,
        SLOTS=slots,
        num_warps=how["warps"],
    )
