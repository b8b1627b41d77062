"""Records of older versions made current on read: one small pure step from each to the next.

A version counts what a file may hold. A step takes plain data and gives plain data; it changes no
part of what a cell's key is made of, so keys stay. `MIGRATIONS` has one for every version before
`SCHEMA_VERSION`, and a test reads a kept file of every version that was ever released.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from benchmark.results.plain_json import printable
from benchmark.results.records import SCHEMA_VERSION

VERSION = "schema_version"
UNSAID = 1
"""The version of a cell that says none: cells of version 1 were written without."""
Step = Callable[[dict[str, Any]], dict[str, Any]]


def unchanged(tree: dict[str, Any]) -> dict[str, Any]:
    """The step of what a version did not change."""
    return tree


@dataclass(frozen=True)
class Migration:
    """From one version to the next: of a cell, and of a document around its cells."""

    cell: Step = unchanged
    document: Step = unchanged


MIGRATIONS: Mapping[int, Migration] = {}
"""By the version that each starts from."""


def current_cell(
    tree: Any, migrations: Mapping[int, Migration] = MIGRATIONS, latest: int = SCHEMA_VERSION
) -> dict[str, Any]:
    """The plain data of a cell's file as the latest version has it, its version taken out.

    Raises ValueError in one line for what is no object, and for a version that cannot be read.
    """
    whole = _object(tree)
    version = _version(whole.get(VERSION, UNSAID), migrations, latest)
    cell = {name: value for name, value in whole.items() if name != VERSION}
    return _cell_from(cell, version, migrations, latest)


def current_document(
    tree: Any, migrations: Mapping[int, Migration] = MIGRATIONS, latest: int = SCHEMA_VERSION
) -> dict[str, Any]:
    """The plain data of a document as the latest version has it, cells included.

    Raises ValueError like `current_cell`, and where the document does not say its version.
    """
    whole = _object(tree)
    if VERSION not in whole:
        raise ValueError(f"it says no {VERSION}: wanted a document of `run`, version {latest}")
    version = _version(whole[VERSION], migrations, latest)
    if version == latest:
        return whole
    cells = whole.get("cells", [])
    for step in range(version, latest):
        whole = migrations[step].document(dict(whole))
    if isinstance(cells, list):
        cells = [_cell_from(each, version, migrations, latest) for each in cells]
    return {**whole, VERSION: latest, "cells": cells}


def current_version(said: Any) -> int:
    """A version that can be read. Raises ValueError in one line otherwise."""
    return _version(said, MIGRATIONS, SCHEMA_VERSION)


def _cell_from(
    cell: Any, version: int, migrations: Mapping[int, Migration], latest: int
) -> dict[str, Any]:
    if version < latest:
        cell = _object(cell)
    for step in range(version, latest):
        cell = migrations[step].cell(dict(cell))
    return cell


def _object(tree: Any) -> dict[str, Any]:
    if not isinstance(tree, dict):
        raise ValueError(f"it holds a {type(tree).__name__}, wanted a JSON object")
    return tree


def _version(said: Any, migrations: Mapping[int, Migration], latest: int) -> int:
    oldest = min(migrations, default=latest)
    wanted = f"{oldest} to {latest}" if oldest < latest else str(latest)
    if type(said) is not int:
        raise ValueError(f"{VERSION} is {printable(repr(said), 40)}: wanted the number {wanted}")
    if said > latest:
        raise ValueError(
            f"{VERSION} is {printable(str(said), 40)}, newer than the {latest} that is read here: "
            f"upgrade crossmodal-sae-benchmark"
        )
    if said < oldest:
        raise ValueError(f"{VERSION} is {printable(str(said), 40)}: wanted the number {wanted}")
    return said
