"""Reading a submission folder: its record, its cells, and the lane that its row is in."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import ValidationError
from pydantic_core import from_json

from benchmark.registry import ROOT
from benchmark.results import Cell, Document
from benchmark.results.plain_json import parsed
from benchmark.results.reading import document_of, one_line
from benchmark.submissions.folders import Listing
from benchmark.submissions.records import DOCUMENT, RECORD, UNITS, Submission
from benchmark.submissions.verified import verification_of

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


def read_submission(folder: Path, verified: Path = VERIFIED, *, mains: bool = False) -> Submitted:
    """Record, cells and lane of one folder. Raises ValueError in one line where it is none.

    Nothing is promised of the numbers: `validate` is what looks at them. `mains` is for folders
    that it let in: of cells only the main scores, in a fourth of the time.
    """
    content = plain_file(folder, RECORD)
    record = _record(folder / RECORD, content)
    if folder.resolve().name != record.slug:
        raise ValueError(f"{folder} holds the submission {record.slug}: the folder was renamed")
    sha256 = hashlib.sha256(content).hexdigest()
    lane = lane_of(record.slug, sha256, verified)
    cells = plain_file(folder, DOCUMENT)
    if hashlib.sha256(cells).hexdigest() != record.files[DOCUMENT].sha256:
        raise ValueError(f"{folder / DOCUMENT} is not the file that {RECORD} names: it was changed")
    try:
        read = _mains if mains else document_of
        return Submitted(folder, record, read(cells), sha256, lane)
    except ValueError as error:
        raise ValueError(f"{folder / DOCUMENT} is no result document: {error}") from None


def _mains(content: bytes) -> Document:
    """A document of the current version with main scores alone; any other the careful way."""
    try:
        found = from_json(content, allow_inf_nan=False)
        for cell in found["cells"]:
            cell["scores"] = [score for score in cell["scores"] if score["main"]]
        return Document.model_validate(found)
    except (KeyError, TypeError, ValueError):
        read = document_of(content)
    cells = (
        cell.model_copy(update={"scores": tuple(score for score in cell.scores if score.main)})
        for cell in read.cells
    )
    return read.model_copy(update={"cells": tuple(cells)})


def plain_file(folder: Path, name: str) -> bytes:
    """A file of a submission, within its bounds and through no link. Raises ValueError."""
    try:
        return Listing(folder, {}).read(name)
    except ValueError as error:
        raise ValueError(f"{folder / name} {error}") from None


def _record(path: Path, content: bytes) -> Submission:
    try:
        return Submission.model_validate(parsed(content))
    except ValidationError as error:
        raise ValueError(f"{path} is no record of a submission: {one_line(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path} is no record of a submission: {error}") from None


def submission_folders(root: Path = SUBMISSIONS) -> list[Path]:
    """Every folder that holds a submission, by name."""
    if not root.is_dir():
        return []
    folders = (p for p in root.iterdir() if p.is_dir() and not p.is_symlink())
    return sorted(p for p in folders if (p / RECORD).is_file())


def lane_of(slug: str, sha256: str, verified: Path = VERIFIED) -> Lane:
    """Verified where the maintainers' record is of this very `submission.json`.

    `sha256` is that file's, which the record under `verified` names.
    """
    found = verification_of(slug, sha256, verified)
    return "self-reported" if found is None else "verified"
