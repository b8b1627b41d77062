"""Reference rows as they ship: a packed file a backend, a cell a line, numbers in seven digits."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from benchmark.results.records import Cell
from benchmark.results.scores import Score
from benchmark.results.storage import one_line, write_whole

DIGITS = 7
SUFFIX = ".jsonl.gz"


def bundle_file(folder: Path, backend: str) -> Path:
    """Where the rows of a backend are, by its short name."""
    return folder / (re.sub(r"[^\w.=-]+", "_", backend) + SUFFIX)


def write_bundle(path: Path, cells: Iterable[Cell]) -> None:
    """Writes cells without their units, the same bytes for the same cells in any order."""
    lines = sorted(_line(cell) for cell in cells)
    write_whole(path, gzip.compress("".join(lines).encode(), compresslevel=9, mtime=0))


def read_bundle(path: Path) -> tuple[Cell, ...]:
    """Its cells. Raises ValueError in one line for a file that is no bundle."""
    try:
        lines = gzip.decompress(path.read_bytes()).decode().splitlines()
        return tuple(Cell.model_validate_json(line) for line in lines)
    except ValidationError as error:
        raise ValueError(f"{path}: {one_line(error)}") from error
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is no bundle of cells ({error}): make it anew") from error


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
