"""The `validate` verb: every fault and warning of the folders that are named, a line each."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable
from pathlib import Path

from benchmark.results import Cell
from benchmark.submissions.folders import UnreadableError
from benchmark.submissions.validating import Verdict, validate
from benchmark.submissions.words import escaped


def validate_verb(asked: argparse.Namespace) -> int:
    """0 where all are valid, 1 where one has a fault, 2 where one cannot be looked at."""
    verdicts, unreadable = [], []
    for name in asked.folder:
        try:
            verdicts.append(validate(Path(name), progress=bar))
            if not asked.json:
                print("\n".join(lines(verdicts[-1])))
        except UnreadableError as error:
            unreadable.append(escaped(str(error), 400))
            print(f"error: {unreadable[-1]}", file=sys.stderr)
    if asked.json:
        told = {"submissions": [each.as_json() for each in verdicts], "unreadable": unreadable}
        print(json.dumps(told, indent=1))
    if unreadable:
        return 2
    return 0 if all(each.valid for each in verdicts) else 1


def lines(verdict: Verdict) -> list[str]:
    """What is printed of one folder."""
    n = len(verdict.faults)
    said = "valid" if verdict.valid else f"not valid, {n} fault{'s' if n > 1 else ''}"
    holds = f"{verdict.cells} cells, {verdict.checkpoints} checkpoints"
    return [
        f"{escaped(str(verdict.folder), 200)}: {said} ({holds})",
        *(f"  fault: {line}" for line in verdict.faults),
        *(f"  warning: {line}" for line in verdict.warnings),
    ]


def bar(cells: Iterable[Cell]) -> Iterable[Cell]:
    """Progress over cells on a terminal, where it takes longer than two seconds."""
    from tqdm import tqdm

    return tqdm(cells, desc="cells", disable=None, delay=2.0, leave=False)
