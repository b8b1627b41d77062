"""AdamW on rows in one pass: gradient made perpendicular, scaled, applied, row renormalised.

The same numbers as these steps one after another: what is parallel to a unit row is taken off its
gradient, gradients are scaled by the clipping factor, AdamW without weight decay, rows back to
length one. Rows without a gradient are updated too (their moments decay) but nothing is read for
them.
"""

from __future__ import annotations

import triton
import triton.language as tl
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.kernels import checks
from benchmark.kernels.launch import SETTINGS, power_of_two


@triton.jit
def update_rows(
    parameter,
    gradient,
    first_moment,
    second_moment,
    shadow,
    counts,
    along,
    state,
    d,
    fresh1,
    kept2,
    fresh2,
    epsilon,
    BLOCK: tl.constexpr,
    UNIT: tl.constexpr,
    COUNTED: tl.constexpr,
    SHADOW: tl.constexpr,
):
    """One row; `state` holds the rate over the first correction, √ of the second, and the clip.

    `fresh1` is 1 - β1 and `fresh2` 1 - β2, since in float32 1 - 0.999 is off by 1e-5.
    """
    row = tl.program_id(0).to(tl.int64)
    column = tl.arange(0, BLOCK)
    inside = column < d
    at = row * d + column
    rate = tl.load(state)
    correction = tl.load(state + 1)
    clip = tl.load(state + 2)
    p = tl.load(parameter + at, mask=inside, other=0.0)
    m = tl.load(first_moment + at, mask=inside, other=0.0)
    v = tl.load(second_moment + at, mask=inside, other=0.0)
    has = inside
    if COUNTED:
        has = inside & (tl.load(counts + row + 1) > tl.load(counts + row))
    g = tl.load(gradient + at, mask=has, other=0.0)
    if UNIT:
        g -= tl.load(along + row) * p
    g *= clip
    m += (g - m) * fresh1
    v = v * kept2 + g * g * fresh2
    p -= rate * m / (tl.sqrt(v) / correction + epsilon)
    if UNIT:
        p /= tl.maximum(tl.sqrt(tl.sum(p * p)), 1e-12)
    tl.store(parameter + at, p, mask=inside)
    tl.store(first_moment + at, m, mask=inside)
    tl.store(second_moment + at, v, mask=inside)
    if SHADOW:
        tl.store(shadow + at, p, mask=inside)


def update(
    parameter: Float[Tensor, "m d"],
    gradient: Float[Tensor, "m d"],
    moments: tuple[Float[Tensor, "m d"], Float[Tensor, "m d"]],
    state: Float[Tensor, " 3"],
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    starts: Int[Tensor, " m+1"] | None = None,
    along: Float[Tensor, " m"] | None = None,
    shadow: Float[Tensor, "m d"] | None = None,
) -> None:
    """Updates rows and moments in place; `starts` tells which rows have a gradient.

    With `along`, ⟨gradient, row⟩ of every row, rows are kept on the unit sphere. `shadow` gets a
    low-precision copy. `state` is on the device: rate / (1 - β1ᵗ), √(1 - β2ᵗ), clipping factor.
    """
    checks.ready(parameter=parameter, gradient=gradient, first=moments[0], second=moments[1])
    checks.columns(parameter=parameter, gradient=gradient)
    m, d = parameter.shape
    block = power_of_two(d)
    update_rows[(m,)](
        parameter,
        gradient,
        *moments,
        parameter if shadow is None else shadow,
        parameter if starts is None else starts,
        parameter if along is None else along,
        state,
        d,
        1 - betas[0],
        betas[1],
        1 - betas[1],
        epsilon,
        BLOCK=block,
        UNIT=along is not None,
        COUNTED=starts is not None,
        SHADOW=shadow is not None,
        num_warps=min(SETTINGS["adamw"]["warps"], max(1, block // 128)),
    )
