"""Statistics of the benchmark: intervals, paired differences, seeds, tiers. No torch."""

from benchmark.statistics.anchors import NullSummary, Refusal, floor, normalised, null_summary
from benchmark.statistics.bootstrap import Estimate, estimate, estimates, stored
from benchmark.statistics.families import holm
from benchmark.statistics.flatness import Flatness, flatness
from benchmark.statistics.interaction import Interaction, interaction
from benchmark.statistics.pairing import Difference, paired
from benchmark.statistics.seeds import SeedSummary, minimum_reliable_difference, over_seeds
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
    "StoredUnits",
    "Units",
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
    "point_value",
    "resolved_by",
    "stored",
    "tiers",
]
