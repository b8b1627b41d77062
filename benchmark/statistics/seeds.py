"""Scores over seeds: what a new seed and new items would change, in one interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from benchmark.statistics.distributions import t_quantile, t_two_sided


@dataclass(frozen=True)
class SeedSummary:
    """Mean over S seeds. With one seed nothing is known of seeds: interval, p and mrd are None."""

    value: float
    low: float | None
    high: float | None
    se: float
    """√(s²_seed/S + s²_item/n); with one seed the part of the items alone."""
    p: float | None
    """Two-sided, for a true mean of 0, by the t(S−1) that makes the interval."""
    s_seed: float | None
    n_seeds: int
    mrd: float | None
    """Minimum reliable difference of two such means: 1.96·√2·se."""


def over_seeds(
    values: Sequence[float], item_ses: Sequence[float] | float, *, level: float = 0.95
) -> SeedSummary:
    """mean ± t(S−1)·√(s²_seed/S + s²_item/n).

    `item_ses` are standard errors of each seed's score over items: each is already √(s²_item/n),
    so nothing is divided by n here. Their mean square enters once and not over S, because all
    seeds are scored on the same items: more seeds do not make the test set larger. The interval
    errs on the wide side where the items dominate (t(S−1) then has too few degrees of freedom).
    """
    scores = np.asarray(values, dtype=np.float64)
    items = np.broadcast_to(np.asarray(item_ses, dtype=np.float64), scores.shape)
    if not len(scores) or not (np.isfinite(scores).all() and np.isfinite(items).all()):
        raise ValueError(
            f"scores {scores.tolist()} with standard errors {items.tolist()}: wanted at least one "
            f"seed and finite numbers"
        )
    mean, s = float(scores.mean()), len(scores)
    item_variance = float((items**2).mean())
    if s == 1:
        return SeedSummary(mean, None, None, item_variance**0.5, None, None, 1, None)
    s_seed = float(scores.std(ddof=1))
    se = float(np.sqrt(s_seed**2 / s + item_variance))
    reach = t_quantile(s - 1, level) * se
    p = t_two_sided(s - 1, mean / se) if se > 0 else float(mean == 0)
    mrd = minimum_reliable_difference(se)
    return SeedSummary(mean, mean - reach, mean + reach, se, p, s_seed, s, mrd)


def minimum_reliable_difference(se_a: float, se_b: float | None = None) -> float:
    """1.96·√2·se: the smallest difference that two unpaired means of this se can show.

    With two standard errors √2·se becomes √(se_a² + se_b²), which is the same where they agree.
    """
    return float(1.96 * np.hypot(se_a, se_a if se_b is None else se_b))
