"""The activation store: arrays on disk under the hash of everything that determines them.

An entry is a folder of .npy files and a manifest with their checksums. It is made in a `.partial`
folder under a lock, and appears by one rename: what has no suffix is complete.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import logging
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from benchmark.activations.journal import Part, write_part, writing
from benchmark.activations.root import default_root
from benchmark.contracts import Progress, silent
from benchmark.messages.storage import StorageError

FORMAT = 1
IN_RAM_BELOW = 1 << 30  # bytes; larger files are mapped, copy on write


class DamagedError(ValueError):
    """An entry that is not what its manifest says: made again; raised where that is no help."""


@dataclass(frozen=True)
class Store:
    """Arrays by key. Two runs may share a root: one writes an entry, the other waits and reads.

    `say` gets one line before anything is written (how much and where), when another run is
    waited for, and when a damaged entry is thrown away.
    """

    root: Path = field(default_factory=default_root)
    say: Callable[[str], None] = logging.getLogger(__name__).warning
    checkpoint_s: float = 1.0
    _seen: dict[tuple[object, ...], bool] = field(default_factory=dict, repr=False)

    def obtain(
        self,
        key: str,
        plan: Callable[[], Sequence[Part]],
        provenance: Mapping[str, Any],
        progress: Progress = silent,
    ) -> dict[str, Tensor]:
        """The arrays of an entry by name, computed only where no intact entry is there.

        Every file is held against its checksum, the first time in a process in full; a damaged
        entry is thrown away and made again. Raises StorageError, one line, when the disk is full
        or the root cannot be written.
        """
        entry = self.root / key
        try:
            return self._read(entry)
        except (FileNotFoundError, DamagedError):
            pass
        with self._locked(key):
            try:
                return self._read(entry)
            except FileNotFoundError:
                pass
            except DamagedError as damage:
                self.say(f"stored activations are damaged ({damage}): computing them again")
                self._discard(entry)
            self._write(entry, plan(), provenance, progress)
            return self._read(entry)

    def _write(
        self, entry: Path, parts: Sequence[Part], provenance: Mapping[str, Any], progress: Progress
    ) -> None:
        partial = entry.with_name(f"{entry.name}.partial")
        self._make_sure_of_room(entry, partial, sum(part.file_bytes for part in parts))
        with writing(partial):
            partial.mkdir(exist_ok=True)
        files = {
            part.name: {
                "sha256": write_part(part, partial, progress, self.checkpoint_s),
                "bytes": part.file_bytes,
                "shape": list(part.shape),
            }
            for part in parts
        }
        with writing(partial / "manifest.json"):
            _seal(partial, {"format": FORMAT, "files": files, "provenance": dict(provenance)})
            partial.rename(entry)
            _force(entry.parent)
            for journal in entry.glob("*.journal"):
                journal.unlink()

    def _make_sure_of_room(self, entry: Path, partial: Path, total: int) -> None:
        """Says the size. StorageError where the disk has less than is still to be written."""
        self.say(f"writing {_size(total)} of activations to {entry}")
        there = sum(file.stat().st_size for file in partial.glob("*.npy"))
        free = shutil.disk_usage(self.root).free
        if total - there > free:
            raise StorageError(
                f"{entry} needs {_size(total - there)}, the disk has {_size(free)} left: free some "
                f"space or point BENCHMARK_CACHE to another disk"
            )

    def _read(self, entry: Path) -> dict[str, Tensor]:
        """Raises FileNotFoundError where there is no entry, DamagedError where it is not intact."""
        try:
            entry.stat()
        except OSError as error:
            raise FileNotFoundError(entry) from error
        files = _opened_manifest(entry)["files"]
        return {name: self._array(entry / f"{name}.npy", said) for name, said in files.items()}

    def _array(self, path: Path, said: Mapping[str, Any]) -> Tensor:
        try:
            stat = path.stat()
            if stat.st_size != said["bytes"]:
                raise DamagedError(f"{path} has {stat.st_size} bytes, not {said['bytes']}")
            mark = (path, stat.st_ino, stat.st_mtime_ns, said["sha256"])
            if mark not in self._seen:
                with path.open("rb") as file:
                    if hashlib.file_digest(file, "sha256").hexdigest() != said["sha256"]:
                        raise DamagedError(f"{path} does not match its checksum")
                self._seen[mark] = True
            array = np.load(path, mmap_mode=None if stat.st_size < IN_RAM_BELOW else "c")
        except OSError as error:
            raise DamagedError(f"{path} cannot be read: {error.strerror or error}") from error
        return torch.from_numpy(array)

    def _discard(self, entry: Path) -> None:
        with writing(entry):
            trash = entry.with_name(f"{entry.name}.damaged")
            shutil.rmtree(trash, ignore_errors=True)
            entry.rename(trash)
            shutil.rmtree(trash)

    @contextmanager
    def _locked(self, key: str) -> Iterator[None]:
        """Only one process is inside for a key; the lock of a killed process frees itself."""
        path = self.root / "locks" / key
        with writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            file = path.open("ab")
        with file:
            with writing(path):
                self._wait(file, key)
            yield

    def _wait(self, file: BinaryIO, key: str) -> None:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self.say(f"another run is writing {self.root / key}: waiting for it")
            fcntl.flock(file, fcntl.LOCK_EX)


def _seal(folder: Path, manifest: Mapping[str, Any]) -> None:
    """Writes the manifest with the checksum of itself, and forces all to disk."""
    body = json.dumps(manifest, indent=1, sort_keys=True)
    seal = hashlib.sha256(body.encode()).hexdigest()
    with (folder / "manifest.json").open("w") as file:
        file.write(f"{body}\n{seal}\n")
        file.flush()
        os.fsync(file.fileno())
    _force(folder)


def _opened_manifest(entry: Path) -> dict[str, Any]:
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


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
