"""Which keys of an embeddings file mean something; one that was meant and misspelt is an error."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from pathlib import Path

from benchmark.messages.nearest import nearest

KEYS = (
    "image",
    "text",
    "text_owner",
    "image_id",
    "labels",
    "label_names",
    "captions",
    "split",
)
"""The arrays that mean something to us; all others in a file are left unread."""
NEEDED = ("image", "text")
ALIKE = 0.82
"""Least likeness at which a key is taken for a misspelt one: `txt` is, `all_captions` is not."""
SHOWN = 6
LOG = logging.getLogger(__name__)


def check_keys(found: Iterable[str], path: Path, silent: tuple[str, ...] = ()) -> list[str]:
    """The keys to read, in our order; those that mean nothing are named in one note.

    Raises ValueError, one line, where a key that is missing stands there under another spelling,
    and where there are no image or text rows.
    """
    there = list(dict.fromkeys(found))
    known = [key for key in KEYS if key in there]
    others = [key for key in there if key not in KEYS and key not in silent]
    missing = [key for key in KEYS if key not in there]
    meant = {key: near[0] for key in others if (near := nearest(key, missing, cutoff=ALIKE))}
    if meant:
        renamed = ", ".join(f"{key!r} → {right!r}" for key, right in meant.items())
        raise ValueError(f"{path} has keys that are not known, only nearly: rename {renamed}")
    for key in NEEDED:
        if key not in there:
            has = _shown(there) if there else "no arrays at all"
            raise ValueError(
                f"{path}: found no {key!r} but {has}, wanted float rows [n, d] under that key"
            )
    if others:
        LOG.warning("note: %s: not read: %s (known keys: %s)", path, _shown(others), _shown(KEYS))
    return known


def _shown(keys: Iterable[str]) -> str:
    keys = [" ".join(str(key).split()) for key in keys]
    more = f" and {len(keys) - SHOWN} more" if len(keys) > SHOWN + 2 else ""
    return ", ".join(keys[:SHOWN] if more else keys) + more
