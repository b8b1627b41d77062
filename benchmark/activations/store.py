"""The activation store: arrays on disk under the hash of everything that determines them.

An entry is a folder of .npy files and a manifest with their checksums. It is made in a `.partial`
folder under a lock, alone or with others that the same passes of a model fill.
"""

from __future__ import annotations

import fcntl
import hashlib
import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from torch import Tensor

from benchmark.activations.journal import Pass, write_pass, writing
from benchmark.activations.manifest import FORMAT, DamagedError, appear, opened
from benchmark.activations.part import Part
from benchmark.activations.root import default_root
from benchmark.contracts import Progress, Site, silent
from benchmark.messages.storage import StorageError

IN_RAM_BELOW = 1 << 30  # bytes; larger files are mapped, copy on write


@dataclass(frozen=True)
class Entry:
    """Arrays that are kept together, the hash of all they depend on, and what that is."""

    site: Site
    names: tuple[str, ...]
    """Some of image, text and negatives."""
    key: str
    provenance: Mapping[str, Any]


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
        entries: Sequence[Entry],
        plan: Callable[[Sequence[Entry]], Sequence[Pass]],
        progress: Progress = silent,
    ) -> dict[str, Tensor]:
        """The arrays of the first entry by name, computed only where no intact entry is there.

        `plan` is asked for the passes that make some of the entries: those after the first, which
        the same passes fill, are made along with it where they are missing.
        Every file is held against its checksum, the first time in a process in full; a damaged
        entry is thrown away and made again. Raises StorageError, one line, when the disk is full
        or the root cannot be written.
        """
        first = self.root / entries[0].key
        try:
            return self._read(first)
        except (FileNotFoundError, DamagedError):
            pass
        with ExitStack() as locks:
            for key in sorted(entry.key for entry in entries):
                locks.enter_context(self._locked(key))
            try:
                return self._read(first)
            except FileNotFoundError:
                pass
            except DamagedError as damage:
                self.say(f"stored activations are damaged ({damage}): computing them again")
                self._discard(first)
            missing = [entry for entry in entries if not (self.root / entry.key).exists()]
            self._write(missing, plan(missing), progress)
            return self._read(first)

    def _write(self, entries: Sequence[Entry], passes: Sequence[Pass], progress: Progress) -> None:
        partial = {entry.key: self.root / f"{entry.key}.partial" for entry in entries}
        self._make_sure_of_room(partial, [p for made in passes for p in made.parts.values()])
        for folder in partial.values():
            with writing(folder):
                folder.mkdir(exist_ok=True)
        files: dict[str, dict[str, Any]] = {entry.key: {} for entry in entries}
        for made in passes:
            for key, digest in write_pass(made, partial, progress, self.checkpoint_s).items():
                part = made.parts[key]
                said = {"sha256": digest, "bytes": part.file_bytes, "shape": list(part.shape)}
                files[key][part.name] = said
        for entry in entries:
            manifest = {"format": FORMAT, "files": files[entry.key], "provenance": entry.provenance}
            appear(partial[entry.key], self.root / entry.key, manifest)

    def _make_sure_of_room(self, partial: Mapping[str, Path], parts: Sequence[Part]) -> None:
        """Says the size. StorageError where the disk has less than is still to be written."""
        total = sum(part.file_bytes for part in parts)
        first = self.root / next(iter(partial))
        along = f" and {len(partial) - 1} beside it" if len(partial) > 1 else ""
        self.say(f"writing {_size(total)} of activations to {first}{along}")
        there = sum(f.stat().st_size for folder in partial.values() for f in folder.glob("*.npy"))
        free = shutil.disk_usage(self.root).free
        if total - there > free:
            raise StorageError(
                f"{first}{along} needs {_size(total - there)}, the disk has {_size(free)} left: "
                f"free some space or point BENCHMARK_CACHE to another disk"
            )

    def _read(self, entry: Path) -> dict[str, Tensor]:
        """Raises FileNotFoundError where there is no entry, DamagedError where it is not intact."""
        try:
            entry.stat()
        except OSError as error:
            raise FileNotFoundError(entry) from error
        files = opened(entry)["files"]
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


def _size(count: int) -> str:
    return f"{count / 1e9:.2f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"
