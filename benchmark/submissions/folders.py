"""The files of a folder of unknown origin: listed and read without ever following a link."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from benchmark.submissions.faults import Faults
from benchmark.submissions.limits import KB, LARGEST_TOTAL, MB, MOST_FILES, largest
from benchmark.submissions.records import CHECKPOINTS, FILE_NAMES, RECORD, UNITS
from benchmark.submissions.words import escaped

FOLDERS = (UNITS, CHECKPOINTS)
BLOCK = 1 << 20


class UnreadableError(ValueError):
    """A folder that cannot be looked at at all: nothing is said of what it holds."""


@dataclass(frozen=True)
class Listing:
    """Plain files that a submission may have, by their path in the folder, and their bytes."""

    folder: Path
    sizes: dict[str, int]

    def read(self, name: str) -> bytes:
        """The content of a file. Raises ValueError in one line where it is not what was listed."""
        handle = self._open(name)
        with os.fdopen(handle, "rb") as file:
            content = file.read(largest(name) + 1)
        if len(content) > largest(name):
            raise ValueError(f"is over {_size(largest(name))}, the most that is read of it")
        return content

    def sha256(self, name: str) -> str:
        """Checksum of a file, a block at a time."""
        digest, left = hashlib.sha256(), largest(name)
        with os.fdopen(self._open(name), "rb") as file:
            while block := file.read(BLOCK):
                digest.update(block)
                left -= len(block)
                if left < 0:
                    raise ValueError(f"is over {_size(largest(name))}, the most that is read of it")
        return digest.hexdigest()

    def _open(self, name: str) -> int:
        """A handle of a plain file; neither a link nor a pipe that was put there since."""
        flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
        try:
            handle = os.open(self.folder / name, flags)
        except OSError as error:
            raise ValueError(f"cannot be read: {error.strerror}") from None
        if not stat.S_ISREG(os.fstat(handle).st_mode):
            os.close(handle)
            raise ValueError("is no plain file")
        return handle


def listing(folder: Path, found: Faults) -> Listing:
    """What lies in a folder; everything that no submission has is a fault.

    Raises UnreadableError where the folder itself is a link, is none, or cannot be listed.
    """
    try:
        own = folder.lstat()
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "no such name"
        raise UnreadableError(f"cannot read {folder}: {said}") from None
    if stat.S_ISLNK(own.st_mode):
        raise UnreadableError(f"{folder} is a link: name the folder itself")
    if not stat.S_ISDIR(own.st_mode):
        raise UnreadableError(f"{folder} is no folder: wanted the folder that `submit` made")
    others = [] if (folder / RECORD).exists() else _submissions(folder)
    if others:
        raise UnreadableError(
            f"{folder} holds submissions and is none: name one of them, as {folder / others[0]}, "
            f"or all, {folder}/*"
        )
    sizes: dict[str, int] = {}
    left = MOST_FILES
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        entries = _entries(folder / inside)
        if len(entries) > left:
            found.add(f"holds over {MOST_FILES:,} files: the others were not looked at")
        for entry in entries[:left]:
            name = f"{inside}/{entry.name}" if inside else entry.name
            if _is_folder_of_ours(entry, inside, found):
                waiting.append(entry.name)
            elif _is_file_of_ours(entry, name, found):
                sizes[name] = entry.stat(follow_symlinks=False).st_size
        left = max(0, left - len(entries))
    _small_enough(sizes, found)
    return Listing(folder, dict(sorted(sizes.items())))


def _submissions(folder: Path) -> list[str]:
    """Names of the submissions in a folder."""
    folders = (entry.name for entry in _entries(folder) if entry.is_dir(follow_symlinks=False))
    return [escaped(name, 80) for name in folders if os.path.isfile(folder / name / RECORD)]


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    """Entries by name, no more of them than could be used."""
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                found.append(entry)
                if len(found) > MOST_FILES:
                    break
    except OSError as error:
        raise UnreadableError(f"cannot list {folder}: {error.strerror}") from None
    return sorted(found, key=lambda entry: entry.name)


def _is_folder_of_ours(entry: os.DirEntry[str], inside: str, found: Faults) -> bool:
    if entry.is_symlink() or not entry.is_dir(follow_symlinks=False):
        return False
    if not inside and entry.name in FOLDERS:
        return True
    found.add(f"{_shown(inside, entry.name)}/ is no folder that a submission has: take it out")
    return False


def _is_file_of_ours(entry: os.DirEntry[str], name: str, found: Faults) -> bool:
    """Whether it is a plain file under a name that a submission has."""
    shown = escaped(name, 160)
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISDIR(status.st_mode):
        return False
    if stat.S_ISLNK(status.st_mode):
        found.add(f"{shown} is a link: put the file itself there")
    elif not stat.S_ISREG(status.st_mode):
        found.add(f"{shown} is a device, pipe or socket: wanted plain files alone")
    elif status.st_nlink > 1:
        found.add(f"{shown} is one file under several names (a hard link): copy it")
    elif name != RECORD and not FILE_NAMES.match(name):
        found.add(f"{shown} is no file that a submission has: take it out")
    elif status.st_size > largest(name):
        found.add(f"{shown} has {_size(status.st_size)}, at most {_size(largest(name))} are taken")
    else:
        return True
    return False


def _small_enough(sizes: dict[str, int], found: Faults) -> None:
    total = sum(sizes.values())
    if total > LARGEST_TOTAL:
        found.add(f"all files have {_size(total)}, at most {_size(LARGEST_TOTAL)} are taken")


def _shown(inside: str, name: str) -> str:
    return escaped(f"{inside}/{name}" if inside else name, 160)


def _size(count: int) -> str:
    """Bytes as people say them."""
    return f"{count / MB:,.0f} MB" if count >= MB else f"{max(1, count // KB)} KB"
