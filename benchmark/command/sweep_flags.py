"""The words of `sweep` that `run` does not have."""

from __future__ import annotations

import argparse

SWEEP_SAYS = "Fit a method at every point of a grid of its fields, and choose one on val."
SWEEP_EXAMPLES = """examples:
  python -m benchmark sweep --method jsae --grid lambda_a=0,0.03,0.1,0.3,1 --seed 0 1 2
  python -m benchmark sweep --method my_method.py --grid weight=0.1,1 --grid lr=1e-3,1e-2 \\
      --task reconstruction retrieval --output-path results/sweep
  python -m benchmark sweep --method jsae --grid lambda_a=0.1,1 --keep 2% --preset aligned

Every point is scored on val alone: test is for what was chosen, with `run`. The choice goes to
stdout, or JSON with --json -; progress, table and errors to stderr. A killed sweep goes on.
"""


def sweep_flags(verb: argparse.ArgumentParser) -> None:
    """The grid, and the rule that chooses from it."""
    verb.add_argument(
        "--grid",
        action="extend",
        nargs="+",
        required=True,
        metavar="FIELD=A,B",
        help="values of a field of the method; of several fields every combination",
    )
    verb.add_argument("--x", metavar="METRIC", help="what must be kept (default: reconstruction's)")
    verb.add_argument("--y", metavar="METRIC", help="what is chosen by (default: another task's)")
    verb.add_argument(
        "--keep",
        default="0.02",
        metavar="N",
        help="how far under the best x a point may be: in units of x, or as 2%% of it "
        "(default: 0.02)",
    )
    verb.add_argument("--preset", metavar="NAME", help="show the choice as a preset of the method")
    verb.add_argument("--split", choices=["val"], default="val", help="nothing is chosen on test")
