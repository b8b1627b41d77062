"""What this checkout knows: its tasks and methods, from their files, and its reference rows."""

from __future__ import annotations

import fnmatch
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from benchmark.registry import FOLDERS, ROOT, catalogue
from benchmark.reports.compare.places import Where, where
from benchmark.reports.panels import bundled_cells
from benchmark.results import Cell, Score

DECLARED = ROOT / "leaderboards" / "results" / "metrics.json"
"""What tasks say of their versions, metrics and references; their classes would take torch."""
LOOK_ALIKE = str.maketrans({"-": "", "_": "", "0": "o", "1": "l", "i": "l", "5": "s"})


@dataclass(frozen=True)
class KnownTask:
    """One task of the suite."""

    name: str
    version: int
    digest: str
    """sha256 of its file here."""
    named_only: bool
    references: Mapping[str, str]
    """Kind of each by name: null, baseline, ceiling."""
    metrics: tuple[Mapping[str, Any], ...]
    shown: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Of each reference the scores that it is beside, as shell patterns."""

    def metric(self, name: str) -> Mapping[str, Any] | None:
        """What the task declares of a score; a declared name may be a shell pattern."""
        exact = [each for each in self.metrics if each["name"] == name]
        fitting = (each for each in self.metrics if fnmatch.fnmatchcase(name, each["name"]))
        return exact[0] if exact else next(fitting, None)


@cache
def tasks() -> dict[str, KnownTask]:
    """The tasks of the suite by name."""
    said: dict[str, Any] = json.loads(DECLARED.read_text())
    return {
        name: KnownTask(
            name,
            said[name]["version"],
            entry.digest,
            entry.named_only,
            {each["name"]: each["kind"] for each in said[name]["references"]},
            tuple(said[name]["metrics"]),
            {each["name"]: tuple(each["beside"]) for each in said[name]["references"]},
        )
        for name, entry in catalogue("task").items()
        if name in said and entry.path.parent == FOLDERS["task"]
    }


@cache
def methods() -> dict[str, str]:
    """Every method and preset that ships, with the sha256 of its file."""
    ours = (e for e in catalogue("method").values() if e.path.parent == FOLDERS["method"])
    return {name: entry.digest for entry in ours for name in entry.names}


def code_of(method: str, task: str) -> str:
    """What cells call `code`: the files of a method and of a task, by their sha256."""
    return hashlib.sha256((method + task).encode()).hexdigest()


def look_alike(name: str) -> str:
    """The same for two names that a reader may take for one another."""
    return name.lower().translate(LOOK_ALIKE).replace("rn", "m").replace("vv", "w")


@cache
def reserved() -> dict[str, str]:
    """Names that rows of ours have, by how they look."""
    return {look_alike(name): name for name in (*methods(), "all")}


@cache
def reference_rows(backends: frozenset[str]) -> dict[Where, tuple[Cell, ...]]:
    """The bundled cells of some backends by experiment."""
    found: dict[Where, list[Cell]] = {}
    for cell in bundled_cells(backends):
        found.setdefault(where(cell), []).append(cell)
    return {place: tuple(cells) for place, cells in found.items()}


def named(scores: Iterable[Score]) -> dict[str, Score]:
    """Scores as a file of units calls them."""
    return {s.name if s.variant == "full" else f"{s.name}#{s.variant}": s for s in scores}
