"""Every point against the default: is what was gained there more than seeds and items make?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from benchmark.reports.compare.seeds import differences_over_seeds
from benchmark.results import Cell, Score, read_units
from benchmark.statistics import StoredUnits, holm, paired
from benchmark.sweeps.axes import Axis
from benchmark.sweeps.standings import Standing

LEVEL = 0.95
UNPAIRED = ("latent", "direction")
"""Units that two fits do not share."""


@dataclass(frozen=True)
class Gain:
    """Point − default on the same units and seeds."""

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None
    """Adjusted over all points of the grid: whichever is chosen, it was chosen among them."""
    n: int | None = None
    refused: str | None = None

    @property
    def resolved(self) -> bool:
        """Whether the two are told apart."""
        return self.p_holm is not None and self.p_holm < 1 - LEVEL


def gains(
    folder: Path, axis: Axis, points: Sequence[Standing], default: Standing
) -> list[Gain | None]:
    """What each point has over the default in one metric; None of the default itself."""
    found = [None if each is default else gain(folder, axis, each, default) for each in points]
    tested = [each for each in found if each is not None and each.p is not None]
    adjusted = iter(holm([each.p for each in tested if each.p is not None]))
    return [
        each if each is None or each.p is None else replace(each, p_holm=next(adjusted))
        for each in found
    ]


def gain(folder: Path, axis: Axis, point: Standing, default: Standing) -> Gain:
    """One difference, paired unit by unit within each seed, then over seeds."""
    sides = [each.scores(axis) for each in (point, default)]
    means = [sum(s.value for s in side.values()) / len(side) for side in sides]
    value = means[0] - means[1]
    if axis.unit in UNPAIRED:
        return Gain(value, refused=f"its units are {axis.unit}s, which two fits do not share")
    differences = []
    for seed, score in sides[0].items():
        a, b = (
            units(folder, each.cells[axis.task, seed], its)
            for each, its in ((point, score), (default, sides[1][seed]))
        )
        if len(a.numerator) != len(b.numerator):
            counts = f"{len(a.numerator)} {axis.unit}s against {len(b.numerator)}"
            return Gain(value, refused=f"{counts}: not the same ones")
        differences.append(paired(a, b, name=axis.name, level=LEVEL))
    if any(each.se is None for each in differences):
        return Gain(value, refused="a single cluster: nothing can be said of other items")
    over = differences_over_seeds(differences)
    return Gain(over.value, over.low, over.high, over.p, n=over.n)


def units(folder: Path, cell: Cell, score: Score) -> StoredUnits:
    """The units behind one score."""
    kept = read_units(folder, cell)
    return kept[score.name if score.variant == "full" else f"{score.name}#{score.variant}"]
