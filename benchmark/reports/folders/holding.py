"""What one results folder holds, from glances at its cells."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from benchmark.reports.folders.finding import CELLS, size_of
from benchmark.reports.names import short
from benchmark.results.glances import Glance, glances

DOCUMENT, HEAD = "document.json", 1 << 16
"""The document of the last run, and how much of it is looked at: its run comes before its cells."""
OTHERS = ("sweep.json", "audit.json", "reproduced.json")
"""What other verbs leave when they are through."""
FINISHED = re.compile(rb'"finished":\s*"([^"]{1,40})"')


@dataclass(frozen=True)
class Line:
    """Main scores of one method at one place, means over seeds."""

    method: str
    backend: str
    site: str
    seeds: tuple[int, ...]
    scores: dict[str, float]
    """By metric. In parentheses: the task where several have this metric, another split than test
    and the paper's variant.
    """


@dataclass(frozen=True)
class Held:
    """A results folder."""

    folder: str
    created: str | None
    """When its newest cell was made."""
    methods: tuple[str, ...]
    backends: tuple[str, ...]
    """Short names."""
    sites: tuple[str, ...]
    tasks: tuple[str, ...]
    seeds: tuple[int, ...]
    statuses: dict[str, int]
    """Cells of each status."""
    lines: tuple[Line, ...]
    size: int
    """Bytes on disk."""
    finished: bool
    """Whether the last run into it came to its end."""
    problems: tuple[str, ...]
    """Cells that cannot be read, a line each."""

    @property
    def whole(self) -> bool:
        """Whether the last run came to its end and every cell can be read."""
        return self.finished and not self.problems

    def as_json(self) -> dict[str, Any]:
        """The folder as plain data."""
        return {**asdict(self), "whole": self.whole}


def held(folder: Path, others: Sequence[Path] = ()) -> Held:
    """What a folder holds; `others` are results folders that may lie inside of it."""
    found, problems = glances(folder / CELLS)
    created = max((each.created for each in found if each.created), default=None)
    return Held(
        folder=str(folder),
        created=created,
        methods=_distinct(each.method.name for each in found),
        backends=_distinct(short(each.backend.name) for each in found),
        sites=_distinct(each.site for each in found if each.site),
        tasks=_distinct(each.task.name for each in found),
        seeds=tuple(sorted({each.seed for each in found})),
        statuses=dict(sorted(Counter(each.status for each in found).items(), reverse=True)),
        lines=tuple(_lines(found)),
        size=size_of(folder, frozenset(others) - {folder}),
        finished=_finished(folder, created),
        problems=problems,
    )


def _distinct(names: Any) -> tuple[str, ...]:
    return tuple(sorted(set(names)))


def _finished(folder: Path, created: str | None) -> bool:
    """Whether no cell is newer than the end of the last run; other verbs leave a file of theirs."""
    try:
        with (folder / DOCUMENT).open("rb") as file:
            said = FINISHED.search(file.read(HEAD))
        return said is not None and (created or "") <= said.group(1).decode(errors="replace")
    except OSError:
        return any((folder / name).is_file() for name in OTHERS)


def _lines(found: Sequence[Glance]) -> list[Line]:
    """Main scores of full codes by method and place; of cells made twice the latest."""
    groups: dict[tuple[str, str, str], dict[str, dict[int, float]]] = {}
    seeds: dict[tuple[str, str, str], set[int]] = {}
    mains = {(s.name, each.task.name) for each in found for s in each.scores if s.main}
    tasks_with = Counter(name for name, _ in mains)
    for each in sorted(found, key=lambda glance: (glance.created or "", glance.key)):
        at = (short(each.backend.name), each.site or "", each.method.name)
        marks = [each.split] * (each.split != "test") + [each.variant] * (each.variant != "fair")
        for score in each.scores:
            if score.main and score.variant == "full":
                task = [each.task.name] * (tasks_with[score.name] > 1)
                name = " ".join([score.name, *(f"({mark})" for mark in (*task, *marks))])
                groups.setdefault(at, {}).setdefault(name, {})[each.seed] = score.value
                seeds.setdefault(at, set()).add(each.seed)
    return [
        Line(
            method=method,
            backend=backend,
            site=site,
            seeds=tuple(sorted(seeds[backend, site, method])),
            scores={name: sum(v.values()) / len(v) for name, v in sorted(its.items())},
        )
        for (backend, site, method), its in sorted(groups.items())
    ]
