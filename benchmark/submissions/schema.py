"""The JSON Schema of `submission.json`, kept beside that of result documents."""

from __future__ import annotations

import json

from benchmark.results import SCHEMA_FILE as RESULTS
from benchmark.submissions.records import Submission

SCHEMA_FILE = RESULTS.with_name("submission_schema.json")


def schema_text() -> str:
    """As exported to `submission_schema.json`."""
    return json.dumps(Submission.model_json_schema(), indent=1, sort_keys=True) + "\n"
