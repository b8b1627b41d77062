"""Scores built from several ratios over the same units, exact under resampling."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Units
from benchmark.metrics.errors import sorted_median

Column = Float[np.ndarray, " u"]
Ratio = tuple[Column, Column]
"""Numerator and denominator of each unit."""


def total(
    values: Float[np.ndarray, " r"], owner: Int[np.ndarray, " r"], n: int
) -> Float[np.ndarray, " n"]:
    """Sum of the rows that belong to each of n examples."""
    return np.bincount(owner, weights=values, minlength=n).astype(np.float64)


def ratio(numerator: float, denominator: float) -> float:
    """Numerator over denominator; NaN, without a warning, where nothing was counted."""
    return float(numerator / denominator) if denominator != 0 else float("nan")


def mean_of_ratios(*parts: Ratio) -> Units:
    """The plain mean of several scores Σ numerator / Σ denominator over the same units.

    `value` recomputes each ratio under the weights, so a bootstrap of units is exact. The unit
    column holds each unit's linear share, whose plain mean is the score.
    """
    n = len(parts[0][0])
    shares = [top * (n * ratio(1.0, under.sum())) for top, under in parts]

    def value(weights: Column) -> float:
        return float(
            np.mean([ratio(float(weights @ top), float(weights @ under)) for top, under in parts])
        )

    return Units(np.mean(shares, axis=0), value=value)


def median_of(values: Column) -> Units:
    """The median over units that stand alone; sorted once, so that a draw is one pass."""
    order = np.argsort(values, kind="stable")
    ordered = values[order]
    return Units(values, value=lambda weights: sorted_median(ordered, weights[order]))
