"""The words of `audit`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

AUDIT_SAYS = "Evidence that metrics rank what they should: scores of dictionaries made worse."
AUDIT_EXAMPLES = """examples:
  python -m benchmark audit --quick
  python -m benchmark audit --backend pocket-clip --task modality_split retrieval
  python -m benchmark audit --task my_task.py --draws 10

A dictionary of known quality (planted, else from labels) is made worse by degrees: directions
turned, latents dropped, the map shuffled, random latents mixed in. A metric must follow, or must
not move; a task file may say so: AUDIT = {"my_score": {"shuffled": "must fall"}}. Goes on where it
was stopped. Exit code 1 where a metric does not do what is expected.
"""


def audit_flags(verb: argparse.ArgumentParser, positive: Callable[[str], int]) -> None:
    """What is audited, how finely, and where it goes."""
    verb.add_argument(
        "--backend",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="see `ls backends` (default: a planted world of 144 atoms, synthetic:…)",
    )
    verb.add_argument("--data", metavar="NAME", help="see `ls data` (default: the backend's own)")
    verb.add_argument("--site", metavar="NAME", help="where activations are read (default: first)")
    verb.add_argument(
        "--task",
        nargs="+",
        action="extend",
        metavar="NAME",
        help="names, or a file.py of your own (default: all that apply)",
    )
    verb.add_argument(
        "--draws", type=positive, metavar="N", help="of each level (default: 5; quick: 2)"
    )
    verb.add_argument(
        "--levels", type=positive, metavar="N", help="whole to destroyed (default: 9)"
    )
    verb.add_argument("--limit", type=positive, metavar="N", help="first N images of each split")
    verb.add_argument(
        "--quick", action="store_true", help="a smoke check: synthetic:tiny, or 500 images"
    )
    verb.add_argument("--output-path", default="results", metavar="DIR")
    verb.add_argument("--quiet", action="store_true", help="errors only")
