"""A score against a reference that was not kept unit by unit: both errors enter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics import over_seeds
from benchmark.statistics.distributions import t_quantile, t_two_sided

LEVEL = 0.95


@dataclass(frozen=True)
class Tested:
    """A difference in its interval, and the two-sided p of no difference."""

    difference: float
    low: float
    high: float
    p: float


def tested(
    values: Sequence[float],
    errors: Sequence[float | None],
    references: Sequence[float],
    reference_errors: Sequence[float],
) -> Tested | str:
    """Scores of some seeds against the reference of each, or why they cannot be judged.

    The standard error is √(se² + se_ref²), se as over seeds; t has S − 1 degrees of freedom where
    seeds differ. As if the two were independent: on the same units they rise and fall together, so
    the true error is smaller.
    """
    if any(error is None for error in errors):
        return "its interval is undefined"
    summary = over_seeds(values, [error or 0.0 for error in errors])
    spread = float(np.mean(np.square(reference_errors))) ** 0.5
    error = float(np.hypot(summary.se, spread))
    difference = summary.value - float(np.mean(references))
    if error == 0:
        p = 1.0 if difference == 0 else 0.0
        return Tested(difference, difference, difference, p)
    seeds = len(values)
    df = float("inf") if seeds == 1 or not summary.s_seed else seeds - 1
    reach = t_quantile(df, LEVEL) * error
    p = t_two_sided(df, difference / error)
    return Tested(difference, difference - reach, difference + reach, p)
