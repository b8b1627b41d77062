"""The exact command that makes a row again, from what its cells say."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterable, Sequence
from typing import Any

from benchmark.results import Cell
from leaderboards.board.places import Place, place_of
from leaderboards.board.tables import Row

OWN_DATA = ("scenes",)
"""Data that shipped backends bring themselves."""


def commands(rows: Iterable[Row], file: str | None = None) -> list[tuple[Place, str]]:
    """One command a place, with every task and seed that has a value there.

    `file` is the method's own, where it does not ship.
    """
    found: dict[Place, list[Cell]] = {}
    for row in rows:
        if row.codes == "full":
            for cells in row.cells.values():
                for cell in cells:
                    found.setdefault(place_of(cell), []).append(cell)
    return [(place, command(place, cells, file)) for place, cells in found.items()]


def command(place: Place, cells: Sequence[Cell], file: str | None = None) -> str:
    """`python -m benchmark run …`; settings that a user gave are given again."""
    method = max(cells, key=lambda cell: (cell.created or "", cell.key)).method
    words = ["--method", file or method.name, "--backend", place.backend]
    if place.data not in OWN_DATA and not _brought(place):
        words += ["--data", place.data]
    if place.site:
        words += ["--site", place.site]
    words += ["--task", *dict.fromkeys(cell.task.name for cell in cells)]
    words += ["--seed", *(str(seed) for seed in sorted({cell.seed for cell in cells}))]
    for name, value in sorted(method.given.items()):
        words += ["--set", f"{name}={_spelled(value)}"]
    words += ["--split", place.split] if place.split != "test" else []
    words += ["--variant", place.variant] if place.variant != "fair" else []
    words += ["--limit", str(place.limit)] if place.limit else []
    words += ["--centre"] if place.centred else []
    return _folded(words)


def _brought(place: Place) -> bool:
    """Whether the backend is the data, as a planted world or a file of embeddings is."""
    return place.data == place.backend or place.backend.partition(":")[2].startswith(place.data)


def _spelled(value: Any) -> str:
    """As `--set` takes it."""
    if isinstance(value, list):
        return ",".join(map(_spelled, value))
    return value if isinstance(value, str) else "none" if value is None else json.dumps(value)


def _folded(words: Sequence[str]) -> str:
    """A line a flag, so that it can be read."""
    lines: list[list[str]] = [["python -m benchmark run"]]
    for word in words:
        if word.startswith("--"):
            lines.append([word])
        else:
            lines[-1].append(shlex.quote(word))
    first = " ".join(lines[0] + lines[1])
    return " \\\n    ".join([first, *(" ".join(line) for line in lines[2:])])
