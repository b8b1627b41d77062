"""The key of a cell: everything that decides its numbers, in one checksum."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any


def canonical(content: Any) -> str:
    """One spelling of JSON content: sorted keys, no spaces, ASCII. Raises ValueError for NaN."""
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False)
    except TypeError as error:
        raise ValueError(f"cannot be written as JSON: {error}") from None


def cell_key(
    *,
    task: str,
    task_version: int,
    variant: str,
    method: str,
    config: Mapping[str, Any],
    code: str | None,
    backend: str,
    backend_revision: str,
    site: str | None,
    data: str,
    data_revision: str,
    split: str,
    seed: int,
    limit: int | None = None,
    centred: bool = False,
    siblings: Sequence[int] = (),
    package: str | None = None,
) -> str:
    """sha256 over all that decides the numbers of a cell, and over nothing else (no path, no time).

    `config` is the whole resolved configuration with the budget, so a default that changes is a
    new key. Two seeds, two configurations or two versions of the code never share one.
    """
    parts = locals() | {"config": dict(config), "siblings": list(siblings)}
    return hashlib.sha256(canonical(parts).encode()).hexdigest()
