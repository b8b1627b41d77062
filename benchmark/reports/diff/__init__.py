"""What changed between two runs: cells, what they ran with, and numbers, significantly or not."""

from benchmark.reports.diff.differing import differences
from benchmark.reports.diff.records import Change, Diff, Fact
from benchmark.reports.diff.sources import Source, read_source

__all__ = ["Change", "Diff", "Fact", "Source", "differences", "read_source"]
