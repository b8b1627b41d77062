"""One method's units, summed once: a side of a pair, which may be a side of many pairs."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float, Int

from benchmark.statistics.bootstrap import ratio_replicates, value_replicates
from benchmark.statistics.units import Clustered, Units, clustered, point_of

Replicates = Float[np.ndarray, " b"]


@dataclass(frozen=True, eq=False)
class Side:
    """Units with their sums, their score, and the resamples that were drawn of them so far."""

    units: Units
    sums: Clustered
    value: float
    _drawn: dict[Any, Replicates] = field(default_factory=dict, repr=False)

    @cached_property
    def labels(self) -> Int[np.ndarray, " u"]:
        """The cluster of each unit; a unit by itself is its own."""
        if self.units.cluster is None:
            return np.arange(len(self.sums.member))
        return np.asarray(self.units.cluster)

    @cached_property
    def influence(self) -> Float[np.ndarray, " k"]:
        """`Clustered.influence`, worked out once."""
        return self.sums.influence

    @cached_property
    def sure(self) -> bool:
        """Whether every resample has a score: no draw misses all clusters with a denominator.

        With m of them and none negative a draw misses all with probability under e^-m.
        """
        below = self.sums.denominator
        return bool((below >= 0).all()) and int((below > 0).sum()) >= 40

    def resampled(self, draws: int) -> Replicates:
        """The score under each draw of all clusters: stored ones, or drawn here."""
        stored = getattr(self.units, "replicates", None)
        if stored is not None:
            return np.asarray(stored, dtype=np.float64)
        if draws not in self._drawn:
            if self.units.value is not None:
                found = value_replicates(self.units, self.sums, draws)
            else:
                found = ratio_replicates([(self.sums.numerator, self.sums.denominator)], draws)[0]
            self._drawn[draws] = found
        return self._drawn[draws]


def side(units: Units, name: str = "score") -> Side:
    """Units made ready to be paired. Raises ValueError like `clustered` for no score."""
    sums = clustered(units, name)
    return Side(units, sums, point_of(units, sums, name))


def ratios_resampled(
    sides: tuple[Side, ...], kept: np.ndarray, draws: int
) -> tuple[Replicates, ...]:
    """Ratios of sums under each draw of the clusters that are kept; drawn once for each side."""
    under = (draws, kept.tobytes())
    missing = [each for each in sides if under not in each._drawn]
    if missing:
        columns = [(s.sums.numerator[kept], s.sums.denominator[kept]) for s in missing]
        for each, found in zip(missing, ratio_replicates(columns, draws), strict=True):
            each._drawn[under] = found
    return tuple(each._drawn[under] for each in sides)
