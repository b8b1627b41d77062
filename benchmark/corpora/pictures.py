"""Where pictures lie, and how a run of them is read: files, members of shards, rows of a table."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int
from PIL import Image, UnidentifiedImageError

from benchmark.corpora.kept import identity_of_all
from benchmark.corpora.shard_files import Shard


class Pictures(Protocol):
    """Pictures of a split in its order; none is read before it is asked for."""

    def __len__(self) -> int: ...

    def raw(self, start: int, stop: int) -> Sequence[bytes]:
        """Pictures start..stop as their files have them. Raises ValueError, one line."""
        ...

    def name(self, i: int) -> str:
        """What picture i is called where it lies."""
        ...

    def size(self, i: int) -> int:
        """Bytes of picture i; 0 where that is not known before it is read."""
        ...

    def identity(self) -> str:
        """What changes where one of them does; none is read for it."""
        ...

    def take(self, chosen: Int[np.ndarray, " m"]) -> Pictures:
        """Some of them, in rising order."""
        ...


@dataclass(frozen=True)
class Files:
    """Pictures in files of their own."""

    paths: tuple[Path, ...]

    def __len__(self) -> int:
        return len(self.paths)

    def raw(self, start: int, stop: int) -> list[bytes]:
        """Files start..stop."""
        try:
            return [path.read_bytes() for path in self.paths[start:stop]]
        except OSError as error:
            raise ValueError(f"cannot read picture {error.filename}: {error.strerror}") from None

    def name(self, i: int) -> str:
        """The path."""
        return str(self.paths[i])

    def size(self, i: int) -> int:
        """As the file system has it."""
        return self.paths[i].stat().st_size

    def identity(self) -> str:
        """Of every file."""
        return identity_of_all(self.paths)

    def take(self, chosen: Int[np.ndarray, " m"]) -> Files:
        """Some files."""
        return Files(tuple(self.paths[i] for i in chosen))


@dataclass(frozen=True, eq=False)
class Members:
    """Pictures inside uncompressed tar files, by where their bytes begin."""

    shards: tuple[Shard, ...]
    shard: Int[np.ndarray, " n"]
    offset: Int[np.ndarray, " n"]
    bytes_: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.shard)

    def raw(self, start: int, stop: int) -> list[bytes]:
        """Members start..stop; those of one shard in a row are read from one open file."""
        found: list[bytes] = []
        at = start
        while at < min(stop, len(self)):
            own = self.shard[at]
            with self.shards[own].open() as file:
                while at < min(stop, len(self)) and self.shard[at] == own:
                    file.seek(int(self.offset[at]))
                    found.append(file.read(int(self.bytes_[at])))
                    at += 1
        return found

    def name(self, i: int) -> str:
        """Shard and place in it."""
        return f"{self.shards[self.shard[i]].path} at byte {self.offset[i]}"

    def size(self, i: int) -> int:
        """As the shard has it."""
        return int(self.bytes_[i])

    def identity(self) -> str:
        """Of the shards, and the places in them."""
        return json.dumps([*(s.identity for s in self.shards), _sum_of(self.shard, self.offset)])

    def take(self, chosen: Int[np.ndarray, " m"]) -> Members:
        """Some members."""
        return Members(self.shards, self.shard[chosen], self.offset[chosen], self.bytes_[chosen])


@dataclass(frozen=True, eq=False)
class Column:
    """Pictures in a column of a table of `datasets`; they stay in its memory-mapped files."""

    table: Any
    column: str
    rows: Int[np.ndarray, " n"]
    source: str
    """What changes where the table does."""

    def __len__(self) -> int:
        return len(self.rows)

    def raw(self, start: int, stop: int) -> list[bytes]:
        """Cells start..stop; a cell that names a file is read from there."""
        cells = self.table[self.rows[start:stop]][self.column]
        return [self.content(start + i, cell) for i, cell in enumerate(cells)]

    def content(self, i: int, cell: Any) -> bytes:
        """What a cell holds or names. Raises ValueError, one line, where that is nothing."""
        if cell and cell["bytes"]:
            return bytes(cell["bytes"])
        if not cell or not cell["path"]:
            raise ValueError(f"{self.name(i)} is empty: wanted a picture")
        try:
            return Path(cell["path"]).read_bytes()
        except OSError as error:
            raise ValueError(
                f"{self.name(i)} names {error.filename} and holds no picture: {error.strerror}"
            ) from None

    def name(self, i: int) -> str:
        """Column and row."""
        return f"{self.column} of row {self.rows[i]}"

    def size(self, i: int) -> int:
        """Not known before it is read."""
        del i
        return 0

    def identity(self) -> str:
        """Of the table, and the rows of it."""
        return json.dumps([self.source, self.column, _sum_of(self.rows)])

    def take(self, chosen: Int[np.ndarray, " m"]) -> Column:
        """Some rows."""
        return Column(self.table, self.column, self.rows[chosen], self.source)


def _sum_of(*places: Int[np.ndarray, " n"]) -> str:
    """A digest of numbers."""
    return hashlib.sha256(np.stack(places).astype("<i8").tobytes()).hexdigest()


def opened(pictures: Pictures, start: int, stop: int) -> list[Image.Image]:
    """Pictures start..stop, RGB, each in its own size.

    Raises ValueError, one line, for one that is no picture.
    """
    found = []
    for i, content in enumerate(pictures.raw(start, stop), start):
        try:
            found.append(Image.open(io.BytesIO(content)).convert("RGB"))
        except (UnidentifiedImageError, OSError, Image.DecompressionBombError) as error:
            raise ValueError(
                f"{pictures.name(i)} is no picture that can be read "
                f"({' '.join(str(error).split())[:80]}): get it again"
            ) from None
    return found
