"""From the text of a file to a record: plain JSON, made current, held to every promise."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
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


def all_lines(error: ValidationError, tree: Any = None) -> list[str]:
    """Everything wrong with a record, each with where, and of a `tree` what is called there."""
    found = error.errors(include_url=False, include_input=False)
    lines = [line for each in found[:MOST_FAULTS] for line in _lines(each, tree)]
    more = len(found) - MOST_FAULTS
    return [*lines, f"and {more} more"] if more > 0 else lines


def _lines(error: Any, tree: Any) -> list[str]:
    """One place may break several promises."""
    where = printable(".".join(_named(error["loc"], tree)), 200)
    raised = error.get("ctx", {}).get("error")
    says = raised.args if isinstance(raised, ValueError) and raised.args else (error["msg"],)
    return [printable(f"{where}: {line}" if where else str(line)) for line in says]


def _named(loc: Sequence[int | str], tree: Any) -> Iterator[str]:
    """Each part of a place in a document; a cell with its task, a score with its name behind it."""
    for part in loc:
        tree = _inside(tree, part)
        names = [_inside(_inside(tree, "task"), "name"), _inside(tree, "name")]
        name = next((each for each in names if isinstance(each, str)), None)
        seed = _inside(tree, "seed")
        told = [printable(name, 40)] if name else []
        told += [f"seed {seed}"] if type(seed) is int and abs(seed) < 10**9 else []
        yield f"{part} ({', '.join(told)})" if isinstance(part, int) and told else str(part)


def _inside(tree: Any, part: int | str) -> Any:
    """What lies at a place; None where nothing does."""
    try:
        return tree[part]
    except (KeyError, IndexError, TypeError):
        return None


def _model(model: type[Model], tree: Any) -> Model:
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        raise ValueError(one_line(error)) from None
