"""AdamW on rows in one pass over each, with the projections that keep decoder rows unit."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from benchmark.kernels.numbers import share, summing

Rows = Float[np.ndarray, "m d"]


def update(
    parameter: Rows,
    gradient: Rows,
    moments: tuple[Rows, Rows],
    state: tuple[float, float, float],
    *,
    betas: tuple[float, float] = (0.9, 0.999),
    epsilon: float = 1e-8,
    along: Float[np.ndarray, " m"] | None = None,
) -> None:
    """Updates rows and moments in place, float32; gradients are left as they are.

    `state`: rate / (1 - β1ᵗ), √(1 - β2ᵗ), clipping factor. With `along`, ⟨gradient, row⟩ of every
    row, that part is taken off the gradient and rows come back to length one.
    """
    unit = along is not None
    held = np.zeros(len(parameter), np.float32) if along is None else along
    rate, correction, clip = (np.float32(number) for number in state)
    fresh, kept = np.float32(1 - betas[0]), np.float32(betas[1])
    numbers = (rate, correction, clip, fresh, kept, np.float32(1 - betas[1]), np.float32(epsilon))
    share(_update, len(parameter), parameter, gradient, *moments, held, unit, numbers)


@summing
def _update(start, stop, parameter, gradient, first, second, along, unit, numbers):  # type: ignore[no-untyped-def]
    rate, correction, clip, fresh1, kept2, fresh2, epsilon = numbers
    for i in range(start, stop):
        p, g, m, v = parameter[i], gradient[i], first[i], second[i]
        part = along[i]
        square = np.float32(0)
        for j in range(len(p)):
            step = (g[j] - part * p[j]) * clip
            mean = m[j] + (step - m[j]) * fresh1
            spread = v[j] * kept2 + step * step * fresh2
            moved = p[j] - rate * mean / (np.sqrt(spread) / correction + epsilon)
            m[j], v[j], p[j] = mean, spread, moved
            square += moved * moved
        if unit:
            scale = np.float32(1) / max(np.sqrt(square), np.float32(1e-12))
            for j in range(len(p)):
                p[j] *= scale


def parallel(gradient: Rows, rows: Rows) -> Float[np.ndarray, " m"]:
    """⟨gradient, row⟩ of every row, float32."""
    along = np.empty(len(rows), np.float32)
    share(_parallel, len(rows), gradient, rows, along)
    return along


@summing
def _parallel(start, stop, gradient, rows, along):  # type: ignore[no-untyped-def]
    for i in range(start, stop):
        g, p = gradient[i], rows[i]
        dot = np.float32(0)
        for j in range(len(p)):
            dot += g[j] * p[j]
        along[i] = dot
