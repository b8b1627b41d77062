"""Entries of the store become whole at once: a sealed manifest, then one rename.

What has no suffix is complete, and what is not as its manifest says is damaged.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmark.activations.journal import writing

FORMAT = 1


class DamagedError(ValueError):
    """An entry that is not what its manifest says: made again; raised where that is no help."""


def appear(partial: Path, entry: Path, manifest: Mapping[str, Any]) -> None:
    """Makes an entry of what is whole in its partial folder, by one rename."""
    with writing(partial / "manifest.json"):
        _seal(partial, manifest)
        partial.rename(entry)
        _force(entry.parent)
        for journal in entry.glob("*.journal"):
            journal.unlink()


def _seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest with the checksum of itself, and forces all to disk."""
    body = json.dumps(manifest, indent=1, sort_keys=True)
    seal = hashlib.sha256(body.encode()).hexdigest()
    with (folder / "manifest.json").open("w") as file:
        file.write(f"{body}\n{seal}\n")
        file.flush()
        os.fsync(file.fileno())
    _force(folder)


def opened(entry: Path) -> dict[str, Any]:
    """The manifest of an entry. Raises DamagedError where it is not what was sealed."""
    try:
        body, seal = (entry / "manifest.json").read_bytes().rstrip(b"\n").rsplit(b"\n", 1)
    except (OSError, ValueError) as error:
        raise DamagedError(f"{entry}/manifest.json is missing or cut short") from error
    if hashlib.sha256(body).hexdigest().encode() != seal:
        raise DamagedError(f"{entry}/manifest.json does not match its checksum")
    return json.loads(body)


def _force(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
