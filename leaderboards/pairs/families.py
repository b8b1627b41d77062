"""Claims made together: which p-values are adjusted together, and the words of `compare`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from benchmark.reports.compare import Compared
from benchmark.reports.compare.seeds import REASONS
from benchmark.reports.compare.verdicts import LEVEL, verdict
from benchmark.statistics import holm
from leaderboards.pairs.records import Pair, Table

COLUMN = (
    "p is adjusted by Holm over one family: all methods of this column against its best. The best "
    "was chosen by the same scores, so a p says whether a method is told apart from it, not "
    "whether it would be best again"
)
TWO = (
    "p is adjusted by Holm over one family: every main metric on which these two methods are "
    "compared on this backend, of full and of truncated codes"
)


def holm_over(pairs: Mapping[str, Pair]) -> dict[str, float]:
    """Holm's p of each pair of a family that has one."""
    tested = {name: pair.p for name, pair in pairs.items() if pair.p is not None}
    return dict(zip(tested, holm(list(tested.values())), strict=True))


def against(table: Table, best: str, others: Iterable[str]) -> dict[str, tuple[Pair, float | None]]:
    """best − other for every other method that it was paired with, with Holm's p over them all."""
    found = {name: table.of(best, name) for name in others if name != best}
    pairs = {name: pair for name, pair in found.items() if pair is not None}
    adjusted = holm_over(pairs)
    return {name: (pair, adjusted.get(name)) for name, pair in pairs.items()}


def as_compared(
    table: Table,
    names: tuple[str, str],
    pair: Pair,
    p_holm: float | None,
    means: tuple[float, float],
) -> Compared:
    """A pair as `compare` has it, with the sentence that its numbers allow; a − b, means beside."""
    row = Compared(
        where=table.where,
        metric=table.metric,
        main=True,
        variant=table.codes,
        higher_is_better=table.higher_is_better,
        seeds=pair.seeds,
        a=means[0],
        b=means[1],
        difference=means[0] - means[1] if pair.difference is None else pair.difference,
        low=pair.low,
        high=pair.high,
        p=pair.p,
        p_holm=p_holm,
        n=pair.n,
        refused=REASONS[pair.refused] if pair.refused else None,
        wide=len(pair.seeds) == 2 and pair.low != pair.high,
    )
    return replace(row, verdict=verdict(row, *names, level=LEVEL))
