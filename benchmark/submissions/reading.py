"""Reading a submission folder: its record, its cells, and the lane that its row is in."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError

from benchmark.registry import ROOT
from benchmark.results import Cell, Document, read_document
from benchmark.results.storage import one_line
from benchmark.submissions.records import DOCUMENT, RECORD, UNITS, Submission

SUBMISSIONS = ROOT / "leaderboards" / "submissions"
"""A folder a submission."""
VERIFIED = ROOT / "leaderboards" / "verified"
"""`<slug>.json` of each that a maintainer verified."""
Lane = Literal["verified", "self-reported"]


@dataclass(frozen=True)
class Submitted:
    """A submission as the board reads it."""

    folder: Path
    record: Submission
    document: Document
    sha256: str
    """Of the bytes of `submission.json`, which names the digest of every other file."""
    lane: Lane

    @property
    def cells(self) -> tuple[Cell, ...]:
        """Every cell of the submitted method."""
        return self.document.cells

    @property
    def units(self) -> Path:
        """The folder that `benchmark.results.read_units` takes with a cell."""
        return self.folder / UNITS


def read_submission(folder: Path, verified: Path = VERIFIED) -> Submitted:
    """Record, cells and lane of one folder. Raises ValueError in one line where it is none.

    Nothing is promised of the numbers: `validate` is what looks at them.
    """
    path = folder / RECORD
    try:
        content = path.read_bytes()
        record = Submission.model_validate_json(content)
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ValueError(f"{path} is no record of a submission: {one_line(error)}") from None
    if folder.resolve().name != record.slug:
        raise ValueError(f"{folder} holds the submission {record.slug}: the folder was renamed")
    sha256 = hashlib.sha256(content).hexdigest()
    lane = lane_of(record.slug, sha256, verified)
    return Submitted(folder, record, read_document(folder / DOCUMENT), sha256, lane)


def submission_folders(root: Path = SUBMISSIONS) -> list[Path]:
    """Every folder that holds a submission, by name."""
    if not root.is_dir():
        return []
    return sorted(p for p in root.iterdir() if p.is_dir() and (p / RECORD).is_file())


def lane_of(slug: str, sha256: str, verified: Path = VERIFIED) -> Lane:
    """Verified where the maintainers' record is of this very `submission.json`.

    `sha256` is that file's; the record under `verified` names it as `submission_sha256`.
    """
    path = verified / f"{slug}.json"
    try:
        told = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return "self-reported"
    bound = told.get("submission_sha256") if isinstance(told, dict) else None
    return "verified" if bound == sha256 else "self-reported"
