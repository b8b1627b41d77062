"""A digest of code, for keys of what that code made."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path


def digest(root: Path, paths: Iterable[Path]) -> str:
    """sha256 over the files in order of their paths, each under its name from the root."""
    sha = hashlib.sha256()
    for path in sorted(paths):
        sha.update(str(path.relative_to(root)).encode() + path.read_bytes())
    return sha.hexdigest()


OURS = Path(__file__).resolve().parents[1]
READING = digest(
    OURS, (p for room in ("activations", "backends", "worlds") for p in (OURS / room).rglob("*.py"))
)
"""Of the code that rows come from, as it is when this file is imported: what other code read is
never taken for these."""
