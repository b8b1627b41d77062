"""Answers of a cell beside its record: `answers/<key>.jsonl`, first what all cases share."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from benchmark.contracts import Transcript
from benchmark.results import write_whole


def write_answers(path: Path, of: Transcript) -> None:
    """One line for question and names, one a case. Raises StorageError as `write_whole` does."""
    facts = asdict(of)
    lines = [facts | {"cases": len(of.cases)}, *facts["cases"]]
    text = "\n".join(json.dumps(line, ensure_ascii=False) for line in lines)
    write_whole(path, f"{text}\n".encode())
