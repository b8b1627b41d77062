"""The words of `submit` and `validate`."""

from __future__ import annotations

import argparse

SUBMIT_SAYS = "Make the folder that proposes a row for the leaderboard, and validate it."
SUBMIT_EXAMPLES = """examples:
  python -m benchmark run --method my_method.py --seed 0 1 2
  python -m benchmark submit results --method my_method.py --author "A. Person" --licence MIT
  python -m benchmark validate leaderboards/submissions/my-method

The folder holds the cells and units of that method, its file, and the dictionaries that it fitted.
Nothing is sent anywhere: the last lines say what to commit. Exit code 1, and nothing written,
where the submission would not be valid.
"""
VALIDATE_SAYS = "Check submission folders; what they hold is never imported or executed."
VALIDATE_EXAMPLES = """examples:
  python -m benchmark validate leaderboards/submissions/my-method
  python -m benchmark validate leaderboards/submissions/* --json

Every score and interval is computed again from the units. Exit code 1 where there is a fault, 2
where a folder cannot be looked at; warnings change nothing.
"""


def submit_flags(verb: argparse.ArgumentParser) -> None:
    """Which run and method, who made it, and where the folder goes."""
    verb.add_argument("run", metavar="RUN", help="results folder of a run, as in results")
    verb.add_argument(
        "--method", required=True, metavar="NAME", help="as it was run: name, file.py, module"
    )
    verb.add_argument(
        "--checkpoint",
        action="extend",
        nargs="+",
        metavar="FILE",
        help="fitted dictionaries that are not in RUN/fits: files or folders",
    )
    verb.add_argument(
        "--author", action="extend", nargs="+", required=True, metavar="NAME", help="who made it"
    )
    verb.add_argument(
        "--licence", required=True, metavar="SPDX", help="of what is submitted, as in MIT"
    )
    verb.add_argument("--paper", metavar="URL", help="where it is described")
    verb.add_argument("--code", metavar="URL", help="where its code lives")
    verb.add_argument("--title", metavar="TEXT", help="default: the first line of the method file")
    verb.add_argument("--summary", metavar="TEXT", help="a few sentences, up to 500 characters")
    verb.add_argument("--slug", metavar="NAME", help="name of the row (default: the method's)")
    verb.add_argument("--replace", action="store_true", help="replace the folder of that name")
    verb.add_argument(
        "--output-path",
        metavar="DIR",
        help="default: leaderboards/submissions",
    )


def validate_flags(verb: argparse.ArgumentParser) -> None:
    """Which folders, and how the answer is told."""
    verb.add_argument("folder", nargs="+", metavar="FOLDER", help="folders that `submit` made")
    verb.add_argument("--json", action="store_true", help="the answer as data on stdout")
