"""Submissions: the folder that proposes a row for the board, made, read and checked. No torch."""

from benchmark.submissions.reading import (
    SUBMISSIONS,
    VERIFIED,
    Lane,
    Submitted,
    lane_of,
    read_submission,
    submission_folders,
)
from benchmark.submissions.records import SUBMISSION_VERSION, Checkpoint, FileRecord, Submission

__all__ = [
    "SUBMISSIONS",
    "SUBMISSION_VERSION",
    "VERIFIED",
    "Checkpoint",
    "FileRecord",
    "Lane",
    "Submission",
    "Submitted",
    "lane_of",
    "read_submission",
    "submission_folders",
]
