"""Writes .npy files batch by batch so that a killed process goes on where it stopped."""

from __future__ import annotations

import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float

from benchmark.activations.part import Part
from benchmark.contracts import Progress
from benchmark.messages.storage import StorageError

LINE = re.compile(rb"(\d+) ([0-9a-f]{64})\n")


@dataclass(frozen=True)
class Pass:
    """Arrays of the same examples that one run through a model fills, each of another entry."""

    title: str
    batch_size: int
    parts: Mapping[str, Part]
    """The array of each entry, by the entry's key."""
    rows: Callable[[int, int], Mapping[str, Float[np.ndarray, "b ..."]]]
    """Float32 rows of examples start..stop, by the same keys."""

    @property
    def n_examples(self) -> int:
        return next(iter(self.parts.values())).n_examples


def write_pass(
    planned: Pass, folders: Mapping[str, Path], progress: Progress, every_s: float
) -> dict[str, str]:
    """Completes `<name>.npy` in each entry's folder; the sha256 of the files by key.

    Every `every_s` seconds the rows so far are forced to disk, then a line with their number and
    the checksum of the file up to there goes to the journal: what a journal line says is there
    after any crash. Files that stopped at different examples go on from the first of these.
    Raises StorageError, one line, when the disk is full.
    """
    with ExitStack() as opened:
        files = {
            key: opened.enter_context(_opened(part, folders[key]))
            for key, part in planned.parts.items()
        }
        first = min(file.sure for file in files.values())
        for file in files.values():
            file.start(first)
        saved = time.monotonic()
        whole = planned.n_examples
        for start in progress(range(first, whole, planned.batch_size), planned.title):
            stop = min(start + planned.batch_size, whole)
            rows = planned.rows(start, stop)
            due = stop == whole or time.monotonic() - saved >= every_s
            for key, file in files.items():
                file.append(rows[key], stop, due)
            saved = time.monotonic() if due else saved
        return {key: file.digest.hexdigest() for key, file in files.items()}


@dataclass
class _Journaled:
    """A file that grows, and the journal of what is surely in it."""

    part: Part
    path: Path
    file: BinaryIO
    log: BinaryIO
    sure: int
    """Examples whose rows are surely there."""
    digest: Any = None

    def start(self, example: int) -> None:
        """Cuts the file back to the rows before an example; writes go on there."""
        size = len(self.part.header) + self.part.row_of(example) * self.part.row_bytes
        with writing(self.path):
            self.digest = _hashed(self.file, size)
            self.file.truncate(size)

    def append(self, rows: Float[np.ndarray, "b ..."], stop: int, due: bool) -> None:
        """Writes rows up to an example; where it is due they are made sure of."""
        data = np.ascontiguousarray(rows, dtype="<f4").tobytes()
        self.digest.update(data)
        with writing(self.path):
            self.file.write(data)
            if due:
                _checkpoint(self.file, self.log, self.part.row_of(stop), self.digest.hexdigest())


def _checkpoint(file: BinaryIO, log: BinaryIO, done: int, digest: str) -> None:
    file.flush()
    os.fsync(file.fileno())
    log.write(f"{done} {digest}\n".encode())
    os.fsync(log.fileno())


@contextmanager
def _opened(part: Part, folder: Path) -> Iterator[_Journaled]:
    """The file of a part, what was written before a kill still in it."""
    path, journal = folder / f"{part.name}.npy", folder / f"{part.name}.journal"
    with ExitStack() as files:
        with writing(path):
            file, rows = _reopened(part, path, journal)
            files.enter_context(file)
            log = files.enter_context(journal.open("ab", buffering=0))
        yield _Journaled(part, path, file, log, part.example_at(rows))


def _reopened(part: Part, path: Path, journal: Path) -> tuple[BinaryIO, int]:
    """The file, and how many of its rows are as the journal says; a new one where none are."""
    lines = LINE.findall(journal.read_bytes()) if journal.exists() and path.exists() else []
    file = path.open("r+b" if lines else "w+b")
    for count, wanted in reversed(lines):
        digest = _hashed(file, len(part.header) + int(count) * part.row_bytes)
        if digest is not None and digest.hexdigest() == wanted.decode():
            return file, int(count)
    file.truncate(0)
    journal.unlink(missing_ok=True)
    file.seek(0)
    file.write(part.header)
    return file, 0


def _hashed(file: BinaryIO, size: int) -> Any:
    """The checksum of a file's first bytes, which it is left behind; None where it is shorter."""
    file.flush()
    file.seek(0)
    digest, left = hashlib.sha256(), size
    while left and (block := file.read(min(left, 1 << 22))):
        digest.update(block)
        left -= len(block)
    return None if left else digest


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turns what the file system refuses into one clear line, a StorageError."""
    try:
        yield
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT):
            raise StorageError(
                f"the disk is full at {path.parent}: free some space and run again, it goes on "
                f"from the last complete batch; or point BENCHMARK_CACHE to another disk"
            ) from error
        raise StorageError(
            f"cannot write {path} ({error.strerror or error}), wanted a folder that can be "
            f"written: point BENCHMARK_CACHE to one"
        ) from error
