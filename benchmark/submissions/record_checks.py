"""Whether the record fits its folder: names, every file and its checksum, and nothing beside."""

from __future__ import annotations

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from benchmark.submissions.card import card
from benchmark.submissions.faults import Faults
from benchmark.submissions.folders import Listing
from benchmark.submissions.known import look_alike, methods, reserved
from benchmark.submissions.loading import Loaded
from benchmark.submissions.records import CARD, RECORD, Submission

MOST_SIBLINGS = 20_000
MOST_READ = 2_000
"""Submissions beside it whose dictionaries are looked at."""
CHANGED = "it was changed since `submit` wrote it, so take back the change or submit again"


def check_record(read: Loaded, found: Faults, beside: Path | None = None) -> None:
    """Names first, then files."""
    if read.record is None:
        return
    folder = read.listing.folder
    beside = beside or folder.absolute().parent
    check_names(read.record, folder, beside, found)
    check_twins(read.record, folder, beside, found)
    check_files(read, read.record, found)
    check_card(read, read.record, found)


def check_names(record: Submission, folder: Path, beside: Path, found: Faults) -> None:
    """A slug is the folder's own name, and can be taken for no other row's."""
    own = Path(os.path.abspath(folder)).name
    if own != record.slug:
        found.add(f"{RECORD}: slug is {record.slug}, the folder is called {own}: name both alike")
    seen = look_alike(record.slug)
    if seen in reserved():
        found.add(
            f"{RECORD}: slug {record.slug} is, or looks like, {reserved()[seen]}, which ships with "
            f"the benchmark: choose another (`submit --slug`)"
        )
    for other in _look_alikes(str(beside)).get(seen, ()):
        if other != own:
            found.add(f"{RECORD}: slug {record.slug} looks like the submission {other} beside it")
    ours = methods()
    is_ours = record.method_file is None and not record.imported
    if is_ours and record.method not in ours:
        found.add(f"{RECORD}: there is no method.py, and no method called {record.method} ships")
    if not is_ours and look_alike(record.method) in reserved():
        found.add(
            f"{RECORD}: method {record.method} is, or looks like, one that ships with the "
            f"benchmark: rename its file (of a checkpoint, its name=) and run it again"
        )


def check_twins(record: Submission, folder: Path, beside: Path, found: Faults) -> None:
    """Another row of the very same dictionaries is no other result."""
    digests = [each.digest.encode() for each in record.checkpoints]
    own = Path(os.path.abspath(folder)).name
    every = [name for names in _look_alikes(str(beside)).values() for name in names if name != own]
    for other in every[:MOST_READ] if digests else ():
        with suppress(ValueError):
            content = Listing(beside / other, {}).read(RECORD)
            if all(digest in content for digest in digests):
                found.warn(f"{RECORD}: its dictionaries are those of {other} beside it")


@lru_cache(maxsize=8)
def _look_alikes(parent: str) -> dict[str, tuple[str, ...]]:
    """Names of the submissions of a folder by how they look."""
    names: dict[str, tuple[str, ...]] = {}
    try:
        with os.scandir(parent) as entries:
            for count, entry in enumerate(entries):
                if count > MOST_SIBLINGS:
                    break
                if os.path.isfile(os.path.join(entry.path, RECORD)):
                    key = look_alike(entry.name)
                    names[key] = (*names.get(key, ()), entry.name)
    except OSError:
        return {}
    return names


def check_files(read: Loaded, record: Submission, found: Faults) -> None:
    """Every file that the record names is there as it names it, and there is no other."""
    there = read.listing.sizes
    for name, told in record.files.items():
        if name not in there:
            if not os.path.lexists(read.listing.folder / name):
                found.add(f"{name} is missing: put it back, or make the folder again by `submit`")
            continue
        with found.told(name):
            if there[name] != told.bytes:
                raise ValueError(
                    f"has {there[name]:,} bytes, {RECORD} says {told.bytes:,}: {CHANGED}"
                )
            sha256 = read.listing.sha256(name)
            if sha256 != told.sha256:
                raise ValueError(
                    f"has sha256 {sha256[:12]}, {RECORD} says {told.sha256[:12]}: {CHANGED}"
                )
    for name in there:
        if name != RECORD and name not in record.files:
            found.add(f"{name} is not among the files that {RECORD} names: take it out")


def check_card(read: Loaded, record: Submission, found: Faults) -> None:
    """The card says what the record says; one that does not is not shown, so it is a warning."""
    if CARD not in read.listing.sizes:
        found.warn(f"{CARD} is missing: `submit` writes it")
        return
    with found.told(CARD):
        if read.listing.read(CARD) != card(record).encode():
            found.warn(f"{CARD} is not what `submit` writes for this {RECORD}: nobody reads it")
