"""The words of `reproduce`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

REPRODUCE_SAYS = "Run an experiment of a paper, and print ours beside what was published."
REPRODUCE_EXAMPLES = """examples:
  python -m benchmark reproduce
  python -m benchmark reproduce heterogeneity-alpha --quick
  python -m benchmark reproduce heterogeneity-alpha operators --seed 0 1 2

Without a name it lists what there is. Every run behind a table is told as the command that makes it
alone. The table goes to stdout, progress to stderr; a claim that does not hold is no error.
"""


def reproduce_flags(verb: argparse.ArgumentParser, seed: Callable[[str], int]) -> None:
    """Which experiments, how large, and where to."""
    verb.add_argument("experiment", nargs="*", metavar="NAME", help="none: list them")
    verb.add_argument("--quick", action="store_true", help="sizes for two cores and minutes")
    verb.add_argument("--seed", type=seed, nargs="+", metavar="N", help="instead of its own seeds")
    verb.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    verb.add_argument("--output-path", default="results/reproduce", metavar="DIR")
    verb.add_argument("--quiet", action="store_true", help="errors and the table only")
