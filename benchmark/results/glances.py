"""Cells at a glance: who, where, which status and main numbers, twenty times faster than whole.

A glance says whether a file is a whole record of this version; that its numbers keep every promise
is for `read_cell` to say.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from benchmark.results.migrations import UNSAID
from benchmark.results.reading import cell_of, one_line
from benchmark.results.records import SCHEMA_VERSION, Cell, Status


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", allow_inf_nan=False)


class Named(_Part):
    """What has a name."""

    name: str


class MainScore(_Part):
    """A score; of one cell and codes one is main."""

    name: str
    value: float
    main: bool = False
    variant: str = "full"


class Glance(_Part):
    """What a list of runs shows of a cell."""

    schema_version: int = UNSAID
    key: str
    status: Status
    task: Named
    method: Named
    backend: Named
    data: Named
    site: str | None = None
    split: str
    variant: str = "fair"
    seed: int
    created: str | None = None
    units_file: str | None = None
    scores: tuple[MainScore, ...] = ()


class GlanceFolder(NamedTuple):
    """What a folder of cells holds, in the order of keys, and one line per record not readable."""

    glances: tuple[Glance, ...]
    problems: tuple[str, ...]


def glance(path: Path) -> Glance:
    """One record. Raises ValueError in one line where it is no whole record."""
    try:
        found = Glance.model_validate_json(content := path.read_bytes())
        if found.schema_version != SCHEMA_VERSION:
            found = _of(cell_of(content))
    except OSError as error:
        raise ValueError(f"cannot read {path}: {error.strerror}") from None
    except ValidationError as error:
        raise ValueError(f"{path} is no whole result record: {one_line(error)}") from None
    except ValueError as error:
        raise ValueError(f"{path} is no whole result record: {error}") from None
    if path.stem != found.key:
        raise ValueError(f"{path} holds cell {found.key[:12]}: it was renamed; run it again")
    return found


def glances(folder: Path) -> GlanceFolder:
    """Every whole cell of a folder; files that are still being written are not looked at."""
    found, problems = [], []
    names = {path.name: path for path in folder.iterdir()}
    for path in _records(names.values()):
        try:
            each = glance(path)
            if each.units_file is not None and each.units_file not in names:
                raise ValueError(f"{path}: its units {each.units_file} are gone; run it again")
            found.append(each)
        except ValueError as error:
            problems.append(str(error))
    return GlanceFolder(tuple(found), tuple(problems))


def _records(paths: Iterable[Path]) -> list[Path]:
    return sorted(p for p in paths if p.suffix == ".json" and not p.name.startswith("."))


def _of(cell: Cell) -> Glance:
    """Of a cell of another version: made current first."""
    return Glance.model_validate_json(cell.model_dump_json())
