"""Scores over seeds: what a new seed and new items would change, in one interval."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import fsum, hypot, inf, isfinite, sqrt
from typing import Literal

from benchmark.statistics.distributions import t_quantile, t_two_sided

Degrees = Literal["seeds", "welch"]
DEGREES: Degrees = "seeds"
"""How t is taken. "seeds": t(S−1) for the whole root; never too narrow, but where the items' part
is as large as the seeds' it is about twice too wide at S = 3 (it holds the truth in 100 % of runs
and not in 95 %). "welch": Welch-Satterthwaite, the same where seeds dominate, 92-95 % held."""


@dataclass(frozen=True)
class SeedSummary:
    """Mean over S seeds. With one seed nothing is known of seeds: interval, p and mrd are None."""

    value: float
    low: float | None
    high: float | None
    se: float
    """√(s²_seed/S + s²_item/n); with one seed the part of the items alone."""
    p: float | None
    """Two-sided, for a true mean of 0, by the t that makes the interval."""
    s_seed: float | None
    n_seeds: int
    mrd: float | None
    """Minimum reliable difference of two such means: 1.96·√2·se."""


def over_seeds(
    values: Sequence[float],
    item_ses: Sequence[float] | float,
    *,
    level: float = 0.95,
    degrees: Degrees = DEGREES,
) -> SeedSummary:
    """mean ± t·√(s²_seed/S + s²_item/n), t with S−1 degrees of freedom.

    `item_ses` are standard errors of each seed's score over items: each is already √(s²_item/n),
    so nothing is divided by n here. Their mean square enters once and not over S, because all
    seeds are scored on the same items: more seeds do not make the test set larger. Where all seeds
    score the same to the last bit no seed was drawn, and t is the normal quantile of the items.
    """
    scores = [float(value) for value in values]
    each = item_ses if isinstance(item_ses, Iterable) else [item_ses]
    items = [float(error) for error in each]
    if len(items) == 1:
        items *= len(scores)
    if not scores or len(items) != len(scores) or not all(map(isfinite, (*scores, *items))):
        raise ValueError(
            f"scores {scores} with standard errors {items}: wanted at least one seed, finite "
            f"numbers, and one standard error or one a seed"
        )
    s = len(scores)
    mean = fsum(scores) / s
    item_variance = fsum(error**2 for error in items) / s
    if s == 1:
        return SeedSummary(mean, None, None, sqrt(item_variance), None, None, 1, None)
    s_seed = 0.0
    if min(scores) != max(scores):
        s_seed = sqrt(fsum((score - mean) ** 2 for score in scores) / (s - 1))
    seed_variance = s_seed**2 / s
    se = sqrt(seed_variance + item_variance)
    df = _degrees(seed_variance, item_variance, s, degrees)
    reach = t_quantile(df, level) * se
    p = t_two_sided(df, mean / se) if se > 0 else float(mean == 0)
    mrd = minimum_reliable_difference(se)
    return SeedSummary(mean, mean - reach, mean + reach, se, p, s_seed, s, mrd)


def _degrees(seeds: float, items: float, s: int, degrees: Degrees) -> float:
    """Degrees of freedom of the sum of both variances; the items' own are taken as unlimited."""
    if seeds == 0:
        return inf
    return s - 1 if degrees == "seeds" else (s - 1) * ((seeds + items) / seeds) ** 2


def minimum_reliable_difference(se_a: float, se_b: float | None = None) -> float:
    """1.96·√2·se: the smallest difference that two unpaired means of this se can show.

    With two standard errors √2·se becomes √(se_a² + se_b²), which is the same where they agree.
    """
    return 1.96 * hypot(se_a, se_a if se_b is None else se_b)
