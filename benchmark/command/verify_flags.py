"""The words of `verify`."""

from __future__ import annotations

import argparse
from collections.abc import Callable

VERIFY_SAYS = "Score a submission again: its checkpoints, on the public test and on one drawn anew."
VERIFY_EXAMPLES = """examples:
  python -m benchmark verify leaderboards/submissions/my-method
  python -m benchmark verify leaderboards/submissions/my-method --refit --run-code --record
  python -m benchmark verify submissions/my-method --backend pocket-clip --seed 0 --task retrieval

The folder is validated first; a folder with faults is not scored. Every number of the record is
held against the same number computed from the submitted dictionaries (within 0.0001), and every
unit. Then the dictionaries and the floors are scored on a test split from a seed that nobody knew:
a score that is resolvably better on the public one overfits it. --refit trains the method again.

Nothing of the submission is run without --run-code, which executes its method.py as you, with all
that you may do: read the file first, and use a container without network. Exit code 0 where it is
verified, 1 where it is not, 2 where it cannot be looked at.
"""


def verify_flags(
    verb: argparse.ArgumentParser,
    seed: Callable[[str], int],
    positive: Callable[[str], int],
) -> None:
    """What is verified, how far it goes, and where the verdict goes."""
    verb.add_argument("folder", metavar="FOLDER", help="a folder that `submit` made")
    verb.add_argument("--refit", action="store_true", help="train with the recorded seeds again")
    verb.add_argument(
        "--run-code", action="store_true", help="execute the submitted method.py, here and as you"
    )
    verb.add_argument(
        "--fresh-seed",
        type=lambda text: text if text == "none" else str(seed(text)),
        metavar="N",
        help="of the fresh test, or none for no such test (default: one that nobody knows; with "
        "BENCHMARK_VERIFY_SECRET set, drawn from it)",
    )
    many = {"action": "extend", "nargs": "+", "metavar": "NAME"}
    verb.add_argument("--seed", type=seed, nargs="+", metavar="N", help="these alone")
    verb.add_argument("--backend", help="these alone", **many)  # type: ignore[arg-type]
    verb.add_argument("--task", help="these alone", **many)  # type: ignore[arg-type]
    verb.add_argument(
        "--any-backend",
        action="store_true",
        help="open backends that do not ship: fetches weights, reads files that the record names",
    )
    verb.add_argument(
        "--record",
        nargs="?",
        const="",
        metavar="DIR",
        help="write DIR/<slug>.json where it is verified (default: leaderboards/verified)",
    )
    verb.add_argument("--batch-size", type=positive, default=1024, metavar="N")
    verb.add_argument("--device", default="auto", help="auto, cpu, cuda, cuda:1, mps")
    verb.add_argument("--json", action="store_true", help="the answer as data on stdout")
    verb.add_argument("--quiet", action="store_true", help="the verdict and errors only")
