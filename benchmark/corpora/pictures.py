"""Where pictures lie, and how a run of them is read: files, members of shards, rows of a table."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from jaxtyping import Int
from PIL import Image, UnidentifiedImageError

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

    def take(self, chosen: Int[np.ndarray, " m"]) -> Members:
        """Some members."""
        return Members(self.shards, self.shard[chosen], self.offset[chosen], self.bytes_[chosen])


@dataclass(frozen=True, eq=False)
class Column:
    """Pictures in a column of a table of `datasets`; they stay in its memory-mapped files."""

    table: Any
    column: str
    rows: Int[np.ndarray, " n"]

    def __len__(self) -> int:
        return len(self.rows)

    def raw(self, start: int, stop: int) -> list[bytes]:
        """Cells start..stop; a cell that names a file is read from there."""
        cells = self.table[self.rows[start:stop]][self.column]
        return [cell["bytes"] or Path(cell["path"]).read_bytes() for cell in cells]

    def name(self, i: int) -> str:
        """Column and row."""
        return f"{self.column} of row {self.rows[i]}"

    def size(self, i: int) -> int:
        """Not known before it is read."""
        del i
        return 0

    def take(self, chosen: Int[np.ndarray, " m"]) -> Column:
        """Some rows."""
        return Column(self.table, self.column, self.rows[chosen])


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
