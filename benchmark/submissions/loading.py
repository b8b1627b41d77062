"""A submission read for validation: its record and its cells, as far as they can be read."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from unicodedata import category

from pydantic import BaseModel, ValidationError

from benchmark.results import Cell, Document
from benchmark.results.migrations import current_document
from benchmark.results.plain_json import parsed
from benchmark.results.reading import all_lines
from benchmark.submissions.faults import Faults
from benchmark.submissions.folders import Listing
from benchmark.submissions.limits import LONGEST_TEXT, MOST_CELLS, MOST_SCORES, MOST_VALUES
from benchmark.submissions.records import DOCUMENT, METHOD, RECORD, SUBMISSION_VERSION, Submission
from benchmark.submissions.words import HIDDEN, escaped

Model = TypeVar("Model", bound=BaseModel)
MOST_UNSEEN = 50
"""Texts that are told of."""
HIDDEN_IN_CODE = HIDDEN - {"Cc"}
"""What no source needs; of control characters it may have line ends and tabs."""


@dataclass(frozen=True)
class Loaded:
    """What could be read; None where it could not, which is a fault of its own."""

    listing: Listing
    record: Submission | None
    document: Document | None
    method_digest: str | None
    """sha256 of the method file as the registry reads it, its line ends made one."""

    @property
    def cells(self) -> tuple[Cell, ...]:
        return self.document.cells if self.document else ()


def loaded(listing: Listing, found: Faults) -> Loaded:
    """Everything that other checks look at; whatever cannot be read is a fault."""
    record = _model(listing, RECORD, Submission, _current_record, found)
    document = _model(listing, DOCUMENT, Document, _current_cells, found)
    return Loaded(listing, record, document, _method_digest(listing, found))


def _model(
    listing: Listing,
    name: str,
    model: type[Model],
    current: Callable[[Any], dict[str, Any]],
    found: Faults,
) -> Model | None:
    """One JSON file as a record, every complaint of it a fault."""
    if name not in listing.sizes:
        found.add(f"{name} is missing: run `python -m benchmark submit`")
        return None
    with found.told(name):
        tree = current(parsed(listing.read(name), most_values=MOST_VALUES, longest=LONGEST_TEXT))
        for line in unseen(tree):
            found.add(f"{name}: {line}")
        try:
            return model.model_validate(tree)
        except ValidationError as error:
            for line in all_lines(error, tree):
                found.add(f"{name}: {line}")
    return None


def unseen(tree: Any) -> list[str]:
    """A line for each text, keys included, that holds what nobody sees or that moves others."""
    lines: list[str] = []
    waiting: list[Any] = [tree]
    while waiting and len(lines) < MOST_UNSEEN:
        each = waiting.pop()
        if isinstance(each, dict):
            waiting += each.keys()
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each
        elif isinstance(each, str) and not each.isprintable():
            sign = next((s for s in each if category(s) in HIDDEN), None)
            if sign is not None:
                shown = escaped(each, 60)
                lines.append(f"the text {shown} holds U+{ord(sign):04X}, which is not visible")
    return lines


def _current_cells(tree: Any) -> dict[str, Any]:
    """Cells of whichever version. Raises ValueError for one that is not read, or too many."""
    whole = current_document(tree)
    cells = whole.get("cells")
    if isinstance(cells, list):
        if len(cells) > MOST_CELLS:
            raise ValueError(f"it holds over {MOST_CELLS:,} cells, the most that are read")
        scores = (each.get("scores") for each in cells if isinstance(each, dict))
        if sum(len(each) for each in scores if isinstance(each, list)) > MOST_SCORES:
            raise ValueError(f"it holds over {MOST_SCORES:,} scores, the most that are read")
    return whole


def _current_record(tree: Any) -> dict[str, Any]:
    """Raises ValueError where a record is of another version, saying what to do."""
    if not isinstance(tree, dict):
        raise ValueError("it holds no JSON object")
    version = tree.get("schema_version")
    if type(version) is not int:
        shown = escaped(repr(version), 30)
        raise ValueError(f"schema_version is {shown}: wanted the number {SUBMISSION_VERSION}")
    if version != SUBMISSION_VERSION:
        do = "update the benchmark" if version > SUBMISSION_VERSION else "run `submit` anew"
        raise ValueError(
            f"schema_version is {version}, this checkout reads {SUBMISSION_VERSION}: {do}"
        )
    return tree


def _method_digest(listing: Listing, found: Faults) -> str | None:
    """sha256 of the method's text. It is never parsed, imported or run."""
    if METHOD not in listing.sizes:
        return None
    with found.told(METHOD):
        try:
            source = listing.read(METHOD).decode("utf-8")
        except UnicodeDecodeError as error:
            raise ValueError(f"is no UTF-8 text (byte {error.start})") from None
        source = source.replace("\r\n", "\n").replace("\r", "\n")
        hidden_characters(source)
        return hashlib.sha256(source.encode()).hexdigest()
    return None


def hidden_characters(source: str) -> None:
    """Raises ValueError for a source that a reader sees other than Python does."""
    if source.isascii() and not any(ord(s) < 32 and s not in "\n\t\f" for s in source):
        return
    for number, line in enumerate(source.split("\n"), start=1):
        for sign in line:
            is_control = category(sign) == "Cc" and sign not in "\t\f"
            if is_control or category(sign) in HIDDEN_IN_CODE:
                raise ValueError(f"line {number} holds U+{ord(sign):04X}, which nobody sees")
