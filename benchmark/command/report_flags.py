"""The words of `report`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

REPORT_SAYS = "One page of one run: what is resolved, tables, figures, and latents as pictures."
REPORT_EXAMPLES = """examples:
  python -m benchmark report results
  python -m benchmark report results --open
  python -m benchmark report results/mine --latents 24 --output-path mine.html
  python -m benchmark report results --latents 0
  python -m benchmark report results --descriptions text-sae=gemma-2-2b-12-res-16k.jsonl.gz

The page is one file that opens from disk and needs no network. Latents are drawn by a seeded rule
that the page prints, and shown on val, never on test; what was drawn is kept in RUN/portraits, so
that a second page is instant. The path goes to stdout, everything else to stderr.
"""


def report_flags(verb: argparse.ArgumentParser, count: Callable[[str], int]) -> None:
    """Which run, how many latents, where to."""
    verb.add_argument("run", metavar="RUN", help="the results folder of a run")
    verb.add_argument("--output-path", metavar="FILE", help="the page (default: RUN/report.html)")
    verb.add_argument(
        "--latents",
        type=count,
        metavar="N",
        help="of each fitted dictionary (default: 12, fewer of many); 0: no portraits",
    )
    verb.add_argument(
        "--descriptions",
        action="append",
        default=[],
        metavar="[METHOD=]FILE",
        help="show on latents what text latents of METHOD are said to mean (CSV, JSON, an export "
        "of Neuronpedia); METHOD may be left out where the run has one dictionary",
    )
    verb.add_argument("--open", action="store_true", help="show it in a browser")
    verb.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    verb.add_argument("--quiet", action="store_true", help="errors and the path only")
