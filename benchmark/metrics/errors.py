"""Reconstruction, row by row: one formula a function, all in float64."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Rows = Float[np.ndarray, "n d"]
PerRow = Float[np.ndarray, " n"]


def squared_norm(x: Rows) -> PerRow:
    """‖x‖² of each row."""
    return np.einsum("nd,nd->n", x, x, dtype=np.float64)


def squared_error(x: Rows, x_hat: Rows) -> PerRow:
    """‖x − x̂‖² of each row, in the square of the units of x."""
    return squared_norm(x.astype(np.float64) - x_hat)


def squared_deviation(x: Rows, mean: Float[np.ndarray, " d"]) -> PerRow:
    """‖x − μ‖² of each row."""
    return squared_norm(x.astype(np.float64) - mean)


def cosine(x: Rows, y: Rows) -> PerRow:
    """cos(x, y) of each row; 0 where one of them is all zeros."""
    dot = np.einsum("nd,nd->n", x, y, dtype=np.float64)
    norms = np.sqrt(squared_norm(x) * squared_norm(y))
    return np.divide(dot, norms, out=np.zeros(len(dot)), where=norms > 0)


@dataclass(frozen=True, eq=False)
class RowErrors:
    """What reconstruction scores are made of, one number a row."""

    error: PerRow
    """‖x − x̂‖²."""
    deviation: PerRow
    """‖x − μ‖² about the mean that was given."""
    cosine: PerRow
    norm: PerRow
    """‖x‖."""
    norm_hat: PerRow
    """‖x̂‖."""

    @property
    def relative_error(self) -> PerRow:
        """‖x − x̂‖² / ‖x‖²: the squared error after x and x̂ are both divided by ‖x‖.

        On rows of norm 1 that is the plain squared error; a row of zeros, which has no direction,
        counts 0 when it comes back as zeros and 1 otherwise.
        """
        blank = (self.error > 0).astype(np.float64)
        return np.divide(self.error, self.norm**2, out=blank, where=self.norm > 0)


def row_errors(
    x: Rows, x_hat: Float[np.ndarray, "m e"], mean: Float[np.ndarray, " d"], batch: int = 4096
) -> RowErrors:
    """Errors of every row, a batch at a time so that float64 copies stay small.

    Raises ValueError where x̂ has another shape than x.
    """
    if x.shape != x_hat.shape:
        raise ValueError(f"reconstruction has shape {x_hat.shape}, wanted that of x: {x.shape}")
    parts = []
    for start in range(0, len(x), batch):
        a, b = x[start : start + batch], x_hat[start : start + batch]
        norms = np.sqrt(squared_norm(a)), np.sqrt(squared_norm(b))
        parts.append((squared_error(a, b), squared_deviation(a, mean), cosine(a, b), *norms))
    return RowErrors(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def sorted_median(ordered: Float[np.ndarray, " u"], weights: Float[np.ndarray, " u"]) -> float:
    """Weighted median of ascending values: half of the weight lies on either side of it.

    Where exactly half lies below a value and half above another, their midpoint. NaN where nothing
    has weight.
    """
    kept = weights > 0
    if not kept.any():
        return float("nan")
    values, cumulative = ordered[kept], np.cumsum(weights[kept])
    half = cumulative[-1] / 2
    low = values[np.searchsorted(cumulative, half, side="left")]
    high = values[min(np.searchsorted(cumulative, half, side="right"), len(values) - 1)]
    return float((low + high) / 2)
