"""Comparing what was run: two methods on the same units, or all methods on two backends."""

from benchmark.reports.compare.backends import Across, Agreement, compare_across
from benchmark.reports.compare.methods import compare
from benchmark.reports.compare.tables import across_table
from benchmark.reports.compare.verdicts import Compared, Comparison, number

__all__ = [
    "Across",
    "Agreement",
    "Compared",
    "Comparison",
    "across_table",
    "compare",
    "compare_across",
    "number",
]
