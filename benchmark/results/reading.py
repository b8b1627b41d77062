"""From the text of a file to a record: plain JSON, made current, held to every promise."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from benchmark.results.migrations import current_cell, current_document
from benchmark.results.plain_json import MOST_BYTES, parsed, printable
from benchmark.results.records import Cell, Document

MOST_FAULTS = 1000
"""Lines that are told; of more there is the number."""
Model = TypeVar("Model", bound=BaseModel)


def cell_of(content: bytes | str) -> Cell:
    """A cell from the text of its file. Raises ValueError in one line."""
    return _model(Cell, current_cell(parsed(content)))


def document_of(content: bytes | str) -> Document:
    """A document from its text. Raises ValueError in one line."""
    return _model(Document, current_document(parsed(content)))


def faults(source: bytes | str | Path) -> tuple[str, ...]:
    """Everything wrong with a document, a line each; of a sound one nothing.

    `source` is the text of the document, or the path of its file. What keeps it from being looked
    at (no JSON, another version, out of bounds) is one line alone. Lines have visible characters
    only, whatever the document holds.
    """
    try:
        content = whole_file(source) if isinstance(source, Path) else source
        tree = current_document(parsed(content))
    except ValueError as error:
        return (printable(str(error)),)
    try:
        Document.model_validate(tree)
    except ValidationError as error:
        return tuple(all_lines(error))
    return ()


def whole_file(path: Path) -> bytes:
    """Its bytes. Raises ValueError in one line where it is not there, no file, or too large."""
    try:
        size = path.stat().st_size
        if size > MOST_BYTES:
            raise ValueError(f"it has {size:,} bytes, at most {MOST_BYTES:,} are read")
        return path.read_bytes()
    except OSError as error:
        raise ValueError(f"it cannot be read: {error.strerror}") from None


def one_line(error: ValidationError) -> str:
    """The first thing wrong with a record, and how many more there are."""
    first, *others = all_lines(error)
    return f"{first} (and {len(others)} more)" if others else first


def all_lines(error: ValidationError) -> list[str]:
    """Everything wrong with a record, each with where."""
    found = error.errors(include_url=False, include_input=False)
    lines = [line for each in found[:MOST_FAULTS] for line in _lines(each)]
    more = len(found) - MOST_FAULTS
    return [*lines, f"and {more} more"] if more > 0 else lines


def _lines(error: Any) -> list[str]:
    """One place may break several promises."""
    where = printable(".".join(str(part) for part in error["loc"]), 120)
    raised = error.get("ctx", {}).get("error")
    says = raised.args if isinstance(raised, ValueError) and raised.args else (error["msg"],)
    return [printable(f"{where}: {line}" if where else str(line)) for line in says]


def _model(model: type[Model], tree: Any) -> Model:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise ValueError(one_line(error)) from None
