"""Reference rows as they ship: a packed file a backend, a cell a line, numbers in seven digits."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.results.migrations import UNSAID, VERSION, current_version
from benchmark.results.plain_json import MOST_BYTES, parsed
from benchmark.results.reading import cell_of, one_line
from benchmark.results.records import SCHEMA_VERSION, Cell
from benchmark.results.scores import Score
from benchmark.results.storage import write_whole

DIGITS = 7
SUFFIX = ".jsonl.xz"
"""Like cells stand further apart than the 32 KB that gzip looks back: this takes half as much."""


def bundle_file(folder: Path, backend: str) -> Path:
    """Where the rows of a backend are, by its short name."""
    return folder / (re.sub(r"[^\w.=-]+", "_", backend) + SUFFIX)


def write_bundle(path: Path, cells: Iterable[Cell]) -> None:
    """Writes cells without their units, the same bytes for the same cells in any order.

    The first line says the version of the schema.
    """
    lines = [f'{{"{VERSION}":{SCHEMA_VERSION}}}\n', *sorted(_line(cell) for cell in cells)]
    write_whole(path, lzma.compress("".join(lines).encode(), preset=9))


def read_bundle(path: Path) -> tuple[Cell, ...]:
    """Its cells, of whichever version. Raises ValueError in one line for a file that is no bundle.

    Bundles are ours: they are read as fast as can be, and not looked at for names given twice.
    """
    try:
        first, *lines = _unpacked(path).decode().splitlines() or [""]
        version = _version(first)
        if version is None:
            version, lines = UNSAID, [first, *lines]
        if version == SCHEMA_VERSION:
            return tuple(Cell.model_validate_json(line) for line in lines)
        return tuple(cell_of(_of_version(line, version)) for line in lines)
    except ValidationError as error:
        raise ValueError(f"{path}: {one_line(error)}") from None
    except (OSError, EOFError, lzma.LZMAError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no bundle of cells ({error}): make it anew") from error
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None


def _unpacked(path: Path) -> bytes:
    """Raises ValueError where it would be larger than anything that is read."""
    with lzma.open(path) as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise ValueError(f"it unpacks to over {MOST_BYTES:,} bytes, the most that are read")
    return content


def _version(line: str) -> int | None:
    """The version that a first line says; None where it is a cell already."""
    if not line.startswith(f'{{"{VERSION}":') or line.count(":") > 1:
        return None
    return current_version(parsed(line)[VERSION])


def _of_version(line: str, version: int) -> str:
    """A cell of a bundle as a file of its own would have it."""
    return f'{{"{VERSION}":{version},{line.removeprefix("{")}'


def _line(cell: Cell) -> str:
    """A cell in JSON; rounding keeps the order of numbers, so an interval still holds its value."""
    bare = cell.model_copy(update={"units_file": None, "units_sha256": None})
    plain = bare.model_dump(mode="json", exclude_defaults=True)
    plain |= {name: _rounded(plain[name]) for name in ("scores", "timing") if name in plain}
    return json.dumps(plain, sort_keys=True, separators=(",", ":")) + "\n"


def rounded(score: Score) -> Score:
    """A score as it would come back from a bundle."""
    return Score.model_validate(_rounded(score.model_dump()))


def _rounded(value: Any) -> Any:
    if isinstance(value, float):
        return float(f"{value:.{DIGITS}g}")
    if isinstance(value, dict):
        return {key: _rounded(each) for key, each in value.items()}
    return [_rounded(each) for each in value] if isinstance(value, list | tuple) else value
