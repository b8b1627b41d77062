"""The words of `diff`."""

from __future__ import annotations

import argparse

DIFF_SAYS = "What changed between two runs, and whether it is more than chance."
DIFF_EXAMPLES = """examples:
  python -m benchmark diff results/before results/after
  python -m benchmark diff results/mine theirs/document.json --all
  python -m benchmark diff results/mine results/again --json - > diff.json

Each run is a results folder, a document (.json) or packed reference rows (.jsonl.xz). Cells are
matched by what they ask (method, backend, data, site, split, task, variant, seed), never by key.
Numbers are paired over units where both kept them and scored the same items, p by Holm over all
main metrics; else held to the minimum reliable difference of two rows.

Exit code 0: the same but for times; 1: they differ; 2: not all of both could be read.
"""


def diff_flags(verb: argparse.ArgumentParser) -> None:
    """Two runs, and how much is told of them."""
    verb.add_argument("a", metavar="RUN", help="results folder or document: the earlier one")
    verb.add_argument("b", metavar="RUN", help="the later one")
    verb.add_argument("--all", action="store_true", help="every metric, not only changed main ones")
    verb.add_argument(
        "--json", metavar="FILE", help="everything as data and no table; - for stdout"
    )
