"""Paired comparisons of reference rows: made from units when rows are bundled, shipped packed."""

from leaderboards.pairs.bundling import bundle_pairs, shipped, shipped_folder
from leaderboards.pairs.computing import Reader, computed
from leaderboards.pairs.families import against, as_compared, holm_over
from leaderboards.pairs.merging import merged
from leaderboards.pairs.packing import pairs_file, read_pairs, write_pairs
from leaderboards.pairs.records import FULL, TRUNCATED, Pair, Table

__all__ = [
    "FULL",
    "TRUNCATED",
    "Pair",
    "Reader",
    "Table",
    "against",
    "as_compared",
    "bundle_pairs",
    "computed",
    "holm_over",
    "merged",
    "pairs_file",
    "read_pairs",
    "shipped",
    "shipped_folder",
    "write_pairs",
]
