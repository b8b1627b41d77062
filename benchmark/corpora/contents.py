"""Which pictures are the same: those with the same bytes in their files, whatever they are called.

A picture that was encoded anew, or cut or scaled, is another one.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pandas as pd

from benchmark.contracts import Progress, Split, silent
from benchmark.corpora.kept import identity_of_all, kept_table
from benchmark.corpora.listing import Listing
from benchmark.corpora.pictures import Files, Pictures

BATCH = 32
END = 4096
"""Last bytes of a file that are compared before all of it is."""


def hashed(listing: Listing, progress: Progress = silent) -> Listing:
    """A listing with the digest of every picture, each read once; what was found is kept."""
    if listing.digests or not listing.ids:
        return listing
    found = kept_table(
        "contents",
        listing.pictures.identity(),
        lambda: pd.DataFrame({"sha256": digests_of(listing.pictures, progress)}),
    )
    return replace(listing, digests=tuple(found["sha256"].tolist()))


def digests_of(pictures: Pictures, progress: Progress) -> list[str]:
    """sha256 of the bytes of every picture."""
    starts = progress(range(0, len(pictures), BATCH), f"{len(pictures):,} pictures, read once")
    return [
        hashlib.sha256(content).hexdigest()
        for start in starts
        for content in pictures.raw(start, start + BATCH)
    ]


def keys_of(
    parts: Mapping[Split, Listing], progress: Progress = silent
) -> dict[Split, tuple[str, ...]]:
    """A key for each picture: pictures of two splits have the same bytes if it is the same.

    Files are read only as far as they are like one of another split. Of data that are streamed,
    or of which some shards are asked for, nothing is known of the pictures in other shards.
    """
    files = {
        s: each.pictures.paths for s, each in parts.items() if isinstance(each.pictures, Files)
    }
    if len(files) < len(parts) or all(each.digests for each in parts.values()):
        return {split: hashed(each, progress).digests for split, each in parts.items()}
    split = [name for name, paths in files.items() for _ in paths]
    every = [path for paths in files.values() for path in paths]
    identity = json.dumps([[(s, len(paths)) for s, paths in files.items()], identity_of_all(every)])
    found = kept_table(
        "contents", identity, lambda: pd.DataFrame({"key": compared(split, every, progress)})
    )
    keys = iter(found["key"].tolist())
    return {name: tuple(next(keys) for _ in paths) for name, paths in files.items()}


def compared(split: Sequence[str], paths: Sequence[Path], progress: Progress) -> list[str]:
    """Keys of files: of each its size; its end, then all of it, where another split has the same.

    Raises ValueError, one line, for a file that cannot be read.
    """
    try:
        keys = [str(path.stat().st_size) for path in paths]
        for read in (end_of, Path.read_bytes):
            alike = in_several(keys, split)
            for i in progress(alike, f"{len(alike):,} pictures, compared once") if alike else ():
                keys[i] += " " + hashlib.sha256(read(paths[i])).hexdigest()
    except OSError as error:
        raise ValueError(f"cannot read picture {error.filename}: {error.strerror}") from None
    return keys


def in_several(keys: Sequence[str], split: Sequence[str]) -> list[int]:
    """Places of the keys that more than one split has."""
    first: dict[str, str] = {}
    several = {k for k, own in zip(keys, split, strict=True) if first.setdefault(k, own) != own}
    return [i for i, key in enumerate(keys) if key in several]


def end_of(path: Path) -> bytes:
    """The last bytes of a file."""
    with path.open("rb") as file:
        file.seek(max(path.stat().st_size - END, 0))
        return file.read()
