"""Answers to what papers claim and leave open: `python -m leaderboards.findings FOLDER [FOLDER…]`.

Each folder holds the cells of runs. Every number comes from them, paired on the same units and
seeds, p adjusted by Holm over all rows of a question; nothing is claimed that is not resolved. What
was found at other places before stays, and is of the same family. `--only N…` leaves all but these
questions as they are. FINDINGS.md is made of the answers by `python -m leaderboards.readme`.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.results import write_whole
from leaderboards import steering
from leaderboards.answers import answered, frontier, scored
from leaderboards.plain import as_json
from leaderboards.questions import QUESTIONS

FOUND = Path(__file__).parent / "results" / "findings.json"
STEERING = len(QUESTIONS) + 1
"""The number of the question about steering, which is no pair of methods."""
NUMBERS = range(1, STEERING + 1)


def main() -> int:
    """Rewrites the bundled answers."""
    words = argparse.ArgumentParser(prog="python -m leaderboards.findings")
    words.add_argument("folders", nargs="+", metavar="FOLDER", type=Path)
    words.add_argument("--only", nargs="+", type=int, metavar="N", choices=NUMBERS)
    given = words.parse_args()
    folders = [f / "cells" if (f / "cells").is_dir() else f for f in given.folders]
    missing = [folder for folder in folders if not (folder.is_dir() and scored([folder]))]
    if missing:
        print(f"error: no cell was scored in {missing[0]}, wanted a run's folder", file=sys.stderr)
        return 2
    stored = json.loads(FOUND.read_text()) if FOUND.is_file() else {"questions": []}
    try:
        whole = renewed(stored, folders, given.only)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    write_whole(FOUND, (as_json(whole) + "\n").encode())
    known = len(whole["questions"])
    print(f"{known} of {len(QUESTIONS)} questions answered in {FOUND}", file=sys.stderr)
    return 0


def renewed(
    stored: Mapping[str, Any], folders: Sequence[Path], only: Iterable[int] | None
) -> dict[str, Any]:
    """Answers from folders to questions of these numbers; the other answers, and the frontier, as
    they were. None: all of it.
    """
    before = {each["asks"]: each for each in stored["questions"]}
    questions = []
    for number, question in enumerate(QUESTIONS, start=1):
        old = before.get(question.asks)
        new = None
        if only is None or number in only:
            new = answered(question, folders, old["rows"] if old else ())
        questions += [each for each in (new or old,) if each]
    known = stored.get("frontier", [])
    weights = (frontier(folders, "vista", "weight") or known) if only is None else known
    steered = stored.get("steering", [])
    if only is None or STEERING in only:
        steered = _beside(steered, steering.rows(scored(folders)))
    return {"questions": questions, "frontier": weights, "steering": steered}


def _beside(
    before: Sequence[Mapping[str, Any]], new: Sequence[Mapping[str, Any]]
) -> list[Mapping[str, Any]]:
    """New rows of steering, and old ones of other methods and backends."""
    known = {(row["backend"], row["method"]) for row in new}
    kept = [row for row in before if (row["backend"], row["method"]) not in known]
    return sorted([*kept, *new], key=lambda row: (row["backend"], row["method"]))


if __name__ == "__main__":
    sys.exit(main())
