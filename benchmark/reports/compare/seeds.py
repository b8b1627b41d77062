"""A pair over the seeds that both have: paired within each and then joined, or why it cannot be."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.reports.compare.verdicts import LEVEL
from benchmark.statistics import (
    Difference,
    Side,
    UnpairedError,
    error_alone,
    over_seeds,
    paired_sides,
)

REASONS = {
    "latents": "latents differ between methods by nature, so there are no pairs",
    "units": "not the same units on both sides, so there are no pairs",
    "clusters": "units belong to other clusters, so there are no pairs",
    "draws": "stored under other bootstrap draws, so it cannot be paired",
    "not kept": "no units were kept, so it cannot be paired",
    "undefined": "one side has no score over its units",
    "one cluster": "a single cluster: nothing can be said of other items",
    "seeds": "no seed in common",
}
"""Code of every reason for which two methods are not compared, and what it means."""


def over_common_seeds(
    seeds: Sequence[tuple[Side | None, Side | None]], *, unit: str, name: str
) -> Difference:
    """a − b over seeds, given the two sides of each; None is a side whose units were not kept.

    Raises UnpairedError, its code one of `REASONS`.
    """
    pairs = [_pair(a, b, unit, name) for a, b in seeds]
    if len(pairs) > 1:
        quick = [error_alone(a, b, name=name) for a, b in pairs]
        if all(quick):
            return differences_over_seeds([each for each in quick if each])
    found = [paired_sides(a, b, name=name, level=LEVEL) for a, b in pairs]
    if any(each.se is None for each in found):
        raise UnpairedError("one cluster", REASONS["one cluster"])
    return differences_over_seeds(found)


def differences_over_seeds(found: Sequence[Difference]) -> Difference:
    """Paired differences, a seed each, as one; of one seed its own. Each has a standard error."""
    if len(found) == 1:
        return found[0]
    over = over_seeds([d.value for d in found], [d.se or 0.0 for d in found], level=LEVEL)
    p = over.p if over.se else max(d.p or 0.0 for d in found)
    first = found[0]
    return Difference(over.value, over.low, over.high, over.se, p, first.n, first.n_clusters)


def _pair(a: Side | None, b: Side | None, unit: str, name: str) -> tuple[Side, Side]:
    """Both sides, if they are of the same units; one place has one set of rows, so it is no limit
    where their numbers differ.
    """
    if a is None or b is None:
        raise UnpairedError("not kept", f"{name}: {REASONS['not kept']}")
    first, second = len(a.sums.member), len(b.sums.member)
    if first == second:
        return a, b
    if unit == "latent":
        raise UnpairedError("latents", REASONS["latents"])
    counts = f"{first:,} {unit}s against {second:,}"
    raise UnpairedError("units", f"{counts}: not the same ones, so there are no pairs")
