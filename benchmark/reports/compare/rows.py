"""One row of a comparison: a metric on two sides, paired over units, or why it is not."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from benchmark.reports.compare.places import Where
from benchmark.reports.compare.seeds import over_common_seeds
from benchmark.reports.compare.verdicts import Compared
from benchmark.results import Score
from benchmark.statistics import (
    Side,
    StoredUnits,
    holm,
    minimum_reliable_difference,
    over_seeds,
    side,
)


def unit_name(score: Score) -> str:
    """The name under which units of a score are kept."""
    return score.name if score.variant == "full" else f"{score.name}#{score.variant}"


def unpaired_row(
    place: Where, seeds: tuple[int, ...], a: Sequence[Score], b: Sequence[Score]
) -> Compared:
    """Means over seeds and their difference a − b, without any pairs."""
    means = [sum(s.value for s in side) / len(side) for side in (a, b)]
    return Compared(
        where=place,
        metric=a[0].name,
        main=a[0].main,
        variant=a[0].variant,
        higher_is_better=a[0].higher_is_better,
        seeds=seeds,
        a=means[0],
        b=means[1],
        difference=means[0] - means[1],
        mrd=smallest_told_apart(a, b) if len(a) > 1 else None,
    )


def paired_row(
    row: Compared, unit: str, units: Iterable[tuple[StoredUnits | None, StoredUnits | None]]
) -> Compared:
    """The row with its interval and p over the units of each seed, or with why there is none."""
    name = row.metric
    try:
        sides = [(_side(x, f"{name} (first)"), _side(y, f"{name} (second)")) for x, y in units]
        found = over_common_seeds(sides, unit=unit, name=name)
    except ValueError as error:
        return replace(row, refused=str(error).removeprefix(f"{name}: "))
    values = [x.value - y.value for x, y in sides if x and y]
    wide = len(values) == 2 and values[0] != values[1]
    row = replace(row, difference=found.value, low=found.low, high=found.high, wide=wide)
    return replace(row, p=found.p, n=found.n)


def _side(units: StoredUnits | None, name: str) -> Side | None:
    return None if units is None else side(units, name)


def smallest_told_apart(a: Sequence[Score], b: Sequence[Score]) -> float:
    """Minimum reliable difference of two unpaired rows, each with its own standard error.

    Over seeds and items; with one seed over items alone. 0 where neither has an interval.
    """
    sides = [
        over_seeds([s.value for s in side], [standard_error(s) for s in side]) for side in (a, b)
    ]
    return minimum_reliable_difference(sides[0].se, sides[1].se)


def standard_error(score: Score) -> float:
    """Standard error over items: recorded, else from the width of the interval, else 0."""
    if score.se is not None:
        return score.se
    if score.ci_low is None or score.ci_high is None:
        return 0.0
    return (score.ci_high - score.ci_low) / (2 * 1.96)


def adjusted(family: Sequence[tuple[bool, float | None]]) -> list[float | None]:
    """Holm's p of each row, given whether it is a main metric and its p; None for the others."""
    tested = [i for i, (main, p) in enumerate(family) if main and p is not None]
    found = dict(zip(tested, holm([family[i][1] or 0.0 for i in tested]), strict=True))
    return [found.get(i) for i in range(len(family))]
