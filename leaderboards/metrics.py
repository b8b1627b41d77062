"""What tasks say of themselves, kept as data: `python -m leaderboards.metrics` writes it anew.

A metric's one-line definition stands in a task's class, which needs torch to be loaded. The pages
must not, so the words are kept beside the results; a test holds them against the tasks.
"""

from __future__ import annotations

import fnmatch
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from benchmark.registry import catalogue, load
from benchmark.results import write_whole
from leaderboards.plain import as_json

KEPT = Path(__file__).parent / "results" / "metrics.json"


@dataclass(frozen=True)
class Said:
    """One metric as its task declares it."""

    name: str
    """A shell pattern where the task measures it at several places, as in `add/block:*`."""
    unit: str
    higher_is_better: bool | None
    says: str
    main: bool = False


@dataclass(frozen=True)
class TaskSays:
    """What one task asks, in which numbers it is answered, and what these are read against."""

    name: str
    question: str
    version: int
    metrics: tuple[Said, ...]
    references: tuple[tuple[str, str], ...]
    """Name and kind: null, baseline or ceiling."""

    @property
    def main(self) -> Said:
        """The metric that the task is ranked by."""
        return next(each for each in self.metrics if each.main)

    def metric(self, name: str) -> Said | None:
        """What is said of a score of this name; None where the task declares none such."""
        exact = [each for each in self.metrics if each.name == name]
        fitting = (each for each in self.metrics if fnmatch.fnmatchcase(name, each.name))
        return exact[0] if exact else next(fitting, None)


@cache
def stored() -> dict[str, TaskSays]:
    """What is kept, by task."""
    found: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.is_file() else {}
    return {name: _task(name, each) for name, each in found.items()}


def _task(name: str, kept: Mapping[str, Any]) -> TaskSays:
    metrics = tuple(Said(**each) for each in kept["metrics"])
    references = tuple((each["name"], each["kind"]) for each in kept["references"])
    return TaskSays(name, kept["question"], kept["version"], metrics, references)


def declared() -> dict[str, Any]:
    """The same from the tasks themselves. Loads torch."""
    return {entry.name: _said(load(entry)) for entry in catalogue("task").values()}


def _said(task: Any) -> dict[str, Any]:
    metrics = [
        {
            "name": each.name,
            "unit": each.unit,
            "higher_is_better": each.higher_is_better,
            "says": each.says,
            **({"main": True} if each.main else {}),
        }
        for each in task.metrics
    ]
    references = [
        {"name": each.name, "kind": each.kind, "beside": list(each.metrics)}
        for each in task.references
    ]
    kept = {"question": task.question, "version": task.version}
    return kept | {"references": references, "metrics": metrics}


def main() -> int:
    """Rewrites what is kept; with `--check` exits 1 where that would change it."""
    text = as_json(declared()) + "\n"
    if "--check" in sys.argv:
        stale = not KEPT.is_file() or KEPT.read_text() != text
        if stale:
            print(f"{KEPT.name} is stale: run python -m leaderboards.metrics", file=sys.stderr)
        return int(stale)
    write_whole(KEPT, text.encode())
    return 0


if __name__ == "__main__":
    sys.exit(main())
