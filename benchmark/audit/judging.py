"""From scores of degraded dictionaries to a verdict: does the metric follow known quality?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from benchmark.audit.expectations import FALL, FREE, STILL, Degradation, Expectation
from benchmark.audit.records import Curve, Verdict
from benchmark.audit.wording import not_falling, not_still, too_few
from benchmark.statistics import SeedSummary, minimum_reliable_difference, over_seeds
from benchmark.statistics.distributions import t_quantile

FOLLOWS = 0.9
"""Spearman's ρ that a metric must reach to rank what it should."""
ROUNDING = 1e-9
"""Relative to the score: what another order of summation may change."""


@dataclass(frozen=True)
class Measured:
    """A metric under one degradation, before it is judged."""

    degradation: Degradation
    expected: Expectation
    levels: Sequence[float]
    values: Sequence[Sequence[float | None]]
    """Level by level, draw by draw; the first level is the whole dictionary. None: no value."""
    item_se: Sequence[float | None]
    higher_is_better: bool | None
    why: str = ""

    def full(self) -> list[int]:
        """Levels at which every draw has a value."""
        return [i for i, row in enumerate(self.values) if None not in row]

    def worse(self, i: int) -> float:
        """How much worse than the whole the mean of a level is; higher where no way is better."""
        sign = 1 if self.higher_is_better is False else -1
        mean, whole = (np.mean([v for v in self.values[j] if v is not None]) for j in (i, 0))
        return float(sign * (mean - whole))


def curve(of: Measured) -> Curve:
    """All numbers of one metric under one degradation, and whether it does what is expected."""
    ranks, summaries = spearmans(of), noises(of)
    mean, low, high = interval(ranks)
    se = median(s.se for s in summaries) if summaries else None
    mrd = None if se is None else minimum_reliable_difference(se)
    reason = broken(of, mean)
    worse = {} if of.higher_is_better is None else {i: of.worse(i) for i in of.full()[1:]}
    shown = [of.levels[i] for i, by in worse.items() if mrd is not None and by > mrd]
    return Curve(
        degradation=of.degradation,
        expected=of.expected,
        why=(of.why or None) if of.expected == FREE else None,
        values=tuple(map(tuple, of.values)),
        item_se=tuple(of.item_se),
        spearman=mean,
        spearman_low=low,
        spearman_high=high,
        noise=median(s.s_seed or 0.0 for s in summaries) if summaries else None,
        se=se,
        mrd=mrd,
        resolved=shown[0] if shown else None,
        holds=None if of.expected == FREE else reason is None,
        reason=reason,
    )


def spearmans(of: Measured) -> list[float]:
    """ρ of each draw between 1 − level and the score, better scores higher; 0 for a constant.

    Over the levels at which all draws have a value; none where these are under half of all.
    """
    from scipy.stats import rankdata  # slow to import, and records are read without it

    kept = of.full()
    if 2 * len(kept) < len(of.levels) or len(kept) < 3:
        return []
    sign = -1.0 if of.higher_is_better is False else 1.0
    quality = rankdata([-of.levels[i] for i in kept])
    table = np.array([of.values[i] for i in kept], dtype=np.float64)
    table[np.abs(table - table[0]) <= slack(table[0])] = table[0][0]
    found = []
    for column in table.T:
        ranks = rankdata(sign * column)
        found.append(0.0 if np.ptp(ranks) == 0 else float(np.corrcoef(quality, ranks)[0, 1]))
    return [float(np.clip(rho, -1, 1)) for rho in found]


def noises(of: Measured) -> list[SeedSummary]:
    """Mean, spread and error of each degraded level: draws stand where seeds do."""
    return [
        over_seeds([v for v in of.values[i] if v is not None], of.item_se[i] or 0.0)
        for i in of.full()
        if i > 0
    ]


def interval(ranks: Sequence[float]) -> tuple[float | None, float | None, float | None]:
    """Mean over draws and its 95 % interval by t, cut at ±1."""
    if not ranks:
        return None, None, None
    mean = float(np.mean(ranks))
    if len(ranks) < 2:
        return mean, None, None
    reach = t_quantile(len(ranks) - 1, 0.95) * float(np.std(ranks, ddof=1)) / len(ranks) ** 0.5
    return mean, max(-1.0, mean - reach), min(1.0, mean + reach)


def broken(of: Measured, spearman: float | None) -> str | None:
    """Why the metric does not do what is expected; None where it does, or where it may move."""
    if of.expected == FALL:
        if spearman is None:
            return too_few(of.degradation, len(of.full()), len(of.levels))
        if spearman >= FOLLOWS:
            return None
        return not_falling(of.degradation, spearman, same(of), len(of.full()))
    if of.expected == STILL:
        gone = len(of.levels) - len(of.full())
        most = moved(of)
        return not_still(of.degradation, most, gone) if most or gone else None
    return None


def slack(whole: np.ndarray | float) -> np.ndarray | float:
    """What rounding may change."""
    return ROUNDING * np.maximum(1.0, np.abs(whole))


def moved(of: Measured) -> float:
    """The furthest that any draw of any level is from the whole; 0 within rounding."""
    whole = next(v for v in of.values[0] if v is not None)
    every = [v for row in of.values for v in row if v is not None]
    most = float(np.abs(np.array(every) - whole).max())
    return 0.0 if most <= slack(whole) else most


def same(of: Measured) -> int:
    """The most levels that share one mean score."""
    means = np.array([of.worse(i) for i in of.full()])
    whole = next(v for v in of.values[0] if v is not None)
    return int((np.abs(means[:, None] - means) <= slack(whole)).sum(1).max())


def verdict(curves: Sequence[Curve]) -> tuple[Verdict, str | None]:
    """Of a metric over all degradations, with everything that speaks against it."""
    against = [each.reason for each in curves if each.holds is False and each.reason]
    if against:
        return "unreliable", "; ".join(against)
    claims = any(each.holds is not None for each in curves)
    return ("reliable" if claims else "no claim"), None
