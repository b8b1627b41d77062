"""Documents: cells put together, told apart, written, and their exported JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmark.results.reading import document_of, whole_file
from benchmark.results.records import Cell, Document, Run
from benchmark.results.storage import write_whole

NOT_CONTENT = frozenset({"timing", "created", "started", "finished"})
SCHEMA_FILE = Path(__file__).parent.parent / "result_schema.json"


def document(run: Run, cells: Iterable[Cell]) -> Document:
    """A document of cells in one fixed order, whatever the order they were finished in."""
    return Document(run=run, cells=tuple(sorted(cells, key=_order)))


def _order(cell: Cell) -> tuple[Any, ...]:
    where = (cell.backend.name, cell.data.name, cell.site or "", cell.split)
    return (*where, cell.task.name, cell.method.name, cell.variant, cell.seed, cell.key)


def merge(run: Run, documents: Iterable[Document]) -> Document:
    """The cells of several documents; one that is in several must be the same in all.

    Raises ValueError naming the first difference otherwise.
    """
    found: dict[str, Cell] = {}
    for each in documents:
        for cell in each.cells:
            known = found.setdefault(cell.key, cell)
            unlike = first_difference(known.model_dump(), cell.model_dump())
            if unlike:
                raise ValueError(f"cell {cell.key[:12]} is there twice and differs: {unlike}")
    return document(run, found.values())


def same_document(a: Document, b: Document) -> str | None:
    """None where both say the same but for timing and timestamps, else the first difference."""
    return first_difference(a.model_dump(mode="json"), b.model_dump(mode="json"))


def first_difference(a: Any, b: Any, at: str = "") -> str | None:
    """The first place where two trees of JSON differ, as one line; None if they do not."""
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted((a.keys() | b.keys()) - NOT_CONTENT):
            if (name in a) != (name in b):
                return f"{at}.{name}".lstrip(".") + f" is only in the {_side(name in a)}"
            found = first_difference(a[name], b[name], f"{at}.{name}")
            if found:
                return found
        return None
    if isinstance(a, list | tuple) and isinstance(b, list | tuple):
        if len(a) != len(b):
            return f"{at.lstrip('.')} has {len(a)} entries against {len(b)}"
        pairs = enumerate(zip(a, b, strict=True))
        return next((d for i, (x, y) in pairs if (d := first_difference(x, y, f"{at}[{i}]"))), None)
    return None if a == b and type(a) is type(b) else f"{at.lstrip('.')} is {a!r} against {b!r}"


def _side(first: bool) -> str:
    return "first" if first else "second"


def to_json(document: Document) -> str:
    """The document as text; the same document is the same text but for times."""
    return document.model_dump_json(indent=1) + "\n"


def write_document(path: Path, document: Document) -> None:
    """Writes a document whole or not at all."""
    write_whole(path, to_json(document).encode())


def read_document(path: Path) -> Document:
    """A document from a file, of whichever version. Raises ValueError in one line for none."""
    try:
        return document_of(whole_file(path))
    except ValueError as error:
        raise ValueError(f"{path} is no result document: {error}") from None


def schema_text() -> str:
    """JSON Schema of a document, as exported to `result_schema.json`."""
    return json.dumps(Document.model_json_schema(), indent=1, sort_keys=True) + "\n"
