"""One shard, on disk or on the hub: opened where its bytes lie, told apart by what is in it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from benchmark.corpora.kept import identity_of


class Shard(Protocol):
    """A tar file that can be read from any byte."""

    @property
    def path(self) -> Path:
        """Folder and name."""
        ...

    @property
    def identity(self) -> str:
        """What changes where its content does."""
        ...

    def open(self) -> BinaryIO:
        """Its bytes."""
        ...


@dataclass(frozen=True)
class LocalShard:
    """A shard on disk."""

    path: Path

    @property
    def identity(self) -> str:
        """Place, size and time of the last change."""
        return identity_of(self.path)

    def open(self) -> BinaryIO:
        """The file."""
        return self.path.open("rb")


@dataclass(frozen=True)
class RemoteShard:
    """A shard that is streamed: read in order a few megabytes are fetched at a time, none kept."""

    system: Any
    """A file system of fsspec."""
    path: Path
    size: int
    revision: str
    """A commit, or a checksum: the same name and revision hold the same bytes."""

    @property
    def identity(self) -> str:
        """Name, size and revision."""
        return json.dumps([str(self.path), self.size, self.revision])

    def open(self) -> BinaryIO:
        """The bytes as they are asked for."""
        opened: BinaryIO = self.system.open(str(self.path), "rb", cache_type="readahead")
        return opened


def local(folder: Path) -> list[Shard]:
    """Every shard under a folder, by name."""
    return [LocalShard(path) for path in sorted(folder.rglob("*.tar")) if path.is_file()]


def remote(system: Any, root: str, revision: str) -> Sequence[Shard]:
    """Every shard under a place of a file system, by name."""
    found = system.find(root, detail=True)
    named = sorted(name for name in found if name.endswith(".tar"))
    return [RemoteShard(system, Path(name), int(found[name]["size"]), revision) for name in named]
