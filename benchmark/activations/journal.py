"""Writes one .npy file batch by batch so that a killed process goes on where it stopped."""

from __future__ import annotations

import hashlib
import io
import os
import re
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from errno import EDQUOT, ENOSPC
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from jaxtyping import Float, Int

from benchmark.contracts import Progress
from benchmark.messages.storage import StorageError

LINE = re.compile(rb"(\d+) ([0-9a-f]{64})\n")


@dataclass(frozen=True)
class Part:
    """One array to be computed: `rows(start, stop)` gives the float32 rows of those examples."""

    name: str
    shape: tuple[int, ...]
    batch_size: int
    rows: Callable[[int, int], Float[np.ndarray, "b ..."]]
    title: str
    offsets: Int[np.ndarray, " o"] | None = None
    """First row of every example and, last, how many rows there are; None: one row an example."""

    @property
    def n_examples(self) -> int:
        return self.shape[0] if self.offsets is None else len(self.offsets) - 1

    def row_of(self, example: int) -> int:
        """Rows of the examples before this one."""
        return example if self.offsets is None else int(self.offsets[example])

    def example_at(self, row: int) -> int:
        """The first example that is not wholly in the first rows."""
        return row if self.offsets is None else int(np.searchsorted(self.offsets, row))

    @property
    def row_bytes(self) -> int:
        return 4 * prod(self.shape[1:])

    @property
    def file_bytes(self) -> int:
        return len(self.header) + self.shape[0] * self.row_bytes

    @property
    def header(self) -> bytes:
        """The .npy header of the whole array."""
        head = io.BytesIO()
        described = {"descr": "<f4", "fortran_order": False, "shape": self.shape}
        np.lib.format.write_array_header_1_0(head, described)
        return head.getvalue()


def write_part(part: Part, folder: Path, progress: Progress, every_s: float) -> str:
    """Completes `<name>.npy` in the folder; the sha256 of the file.

    Every `every_s` seconds the rows so far are forced to disk, then a line with their number and
    the checksum of the file up to there goes to the journal: what a journal line says is there
    after any crash. Raises StorageError, one line, when the disk is full.
    """
    path, journal = folder / f"{part.name}.npy", folder / f"{part.name}.journal"
    with ExitStack() as open_files:
        with writing(path):
            file, done, digest = _reopened(part, path, journal)
            open_files.enter_context(file)
            log = open_files.enter_context(journal.open("ab", buffering=0))
        saved = time.monotonic()
        first = part.example_at(done)
        for start in progress(range(first, part.n_examples, part.batch_size), part.title):
            stop = min(start + part.batch_size, part.n_examples)
            data = np.ascontiguousarray(part.rows(start, stop), dtype="<f4").tobytes()
            digest.update(data)
            done = part.row_of(stop)
            with writing(path):
                file.write(data)
                if time.monotonic() - saved >= every_s or done == part.shape[0]:
                    _checkpoint(file, log, done, digest.hexdigest())
                    saved = time.monotonic()
    return digest.hexdigest()


def _checkpoint(file: BinaryIO, log: BinaryIO, done: int, digest: str) -> None:
    file.flush()
    os.fsync(file.fileno())
    log.write(f"{done} {digest}\n".encode())
    os.fsync(log.fileno())


def _reopened(part: Part, path: Path, journal: Path) -> tuple[BinaryIO, int, Any]:
    """The file cut back to its last sure row, how many rows that are, and their checksum."""
    lines = LINE.findall(journal.read_bytes()) if journal.exists() and path.exists() else []
    file = path.open("r+b" if lines else "w+b")
    for count, wanted in reversed(lines):
        size = len(part.header) + int(count) * part.row_bytes
        file.seek(0)
        digest = hashlib.sha256()
        left = size
        while left and (block := file.read(min(left, 1 << 22))):
            digest.update(block)
            left -= len(block)
        if not left and digest.hexdigest() == wanted.decode():
            file.truncate(size)
            return file, int(count), digest
    file.truncate(0)
    journal.unlink(missing_ok=True)
    file.seek(0)
    file.write(part.header)
    return file, 0, hashlib.sha256(part.header)


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
