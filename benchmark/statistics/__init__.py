"""Statistics of the benchmark: intervals, paired differences, seeds, tiers. No torch."""

from benchmark.statistics.anchors import NullSummary, Refusal, floor, normalised, null_summary
from benchmark.statistics.bootstrap import Estimate, estimate, estimates, restored, stored
from benchmark.statistics.families import holm
from benchmark.statistics.flatness import Flatness, flatness
from benchmark.statistics.interaction import Interaction, interaction
from benchmark.statistics.pairing import (
    Difference,
    UnpairedError,
    error_alone,
    paired,
    paired_sides,
)
from benchmark.statistics.seeds import SeedSummary, minimum_reliable_difference, over_seeds
from benchmark.statistics.sides import Side, side
from benchmark.statistics.tiers import kendall_tau, resolved_by, tiers
from benchmark.statistics.units import StoredUnits, Units, point_value

__all__ = [
    "Difference",
    "Estimate",
    "Flatness",
    "Interaction",
    "NullSummary",
    "Refusal",
    "SeedSummary",
    "Side",
    "StoredUnits",
    "Units",
    "UnpairedError",
    "error_alone",
    "estimate",
    "estimates",
    "flatness",
    "floor",
    "holm",
    "interaction",
    "kendall_tau",
    "minimum_reliable_difference",
    "normalised",
    "null_summary",
    "over_seeds",
    "paired",
    "paired_sides",
    "point_value",
    "resolved_by",
    "restored",
    "side",
    "stored",
    "tiers",
]
