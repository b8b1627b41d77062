"""Times of kernels, a section a device: every op beside its meaning and whatever else does it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.kernels.bench import stages
from leaderboards import speeds
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(20, "Kernels", "kernels.html", "times and correctness of every op, by device")
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Timed:
    """One line of a table: an op, a shape and a type as one provider has it."""

    provider: str
    ours: bool
    row: Row
    compiled: float | None
    """Times as fast as what `torch.compile` makes of the same, where that was timed."""


@dataclass(frozen=True)
class Case:
    """All providers of one op, shape and type, ours first."""

    shape: str
    dtype: str
    mode: str
    lines: tuple[Timed, ...]


@dataclass(frozen=True)
class Device:
    """A file of times."""

    document: Mapping[str, Any]
    ops: Mapping[str, Sequence[Case]]

    @property
    def steps(self) -> list[stages.Step]:
        """Training steps whose parts were timed as well."""
        return list(stages.steps(self.document))

    @property
    def environment(self) -> Mapping[str, Any]:
        found: Mapping[str, Any] = self.document.get("environment", {})
        return found

    @property
    def worst(self) -> dict[str, float]:
        """The largest relative error of any of our kernels, by type."""
        found: dict[str, float] = {}
        for cases in self.ops.values():
            for line in (line for case in cases for line in case.lines if line.ours):
                error = line.row.get("max_error")
                if error is not None:
                    found[line.row["dtype"]] = max(error, found.get(line.row["dtype"], 0.0))
        return found

    @property
    def ours(self) -> list[tuple[str, Case, Timed]]:
        """Op, case and our kernel, nearest to its floor first."""
        found = [
            (op, case, case.lines[0])
            for op, cases in self.ops.items()
            for case in cases
            if case.lines[0].ours
        ]
        return sorted(found, key=lambda each: -each[2].row["fraction_of_roofline"])


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    devices = [
        device(json.loads(path.read_text())) for path in sorted(speeds.FOLDER.glob("*.json"))
    ]
    yield Page(NAV.path, "Kernels", "kernels.html.j2", {"devices": devices}, wide=True)


def device(document: Mapping[str, Any]) -> Device:
    """A file's rows by op, then by shape and type."""
    grouped: dict[str, dict[tuple[str, str, str], dict[str, Row]]] = {}
    for row in document["rows"]:
        case = grouped.setdefault(row["op"], {})
        place = (row["shape"], row["dtype"], row.get("mode", ""))
        case.setdefault(place, {})[row["provider"]] = row
    return Device(
        document,
        {op: [cased(*place, by) for place, by in cases.items()] for op, cases in grouped.items()},
    )


def cased(shape: str, dtype: str, mode: str, by: Mapping[str, Row]) -> Case:
    """One case, ours first, then others from fast to slow, the meaning last."""

    def order(name: str) -> tuple[bool, bool, float]:
        return (name not in speeds.OURS, name == "reference", by[name]["median_ms"])

    compiled = next((by[name]["median_ms"] for name in by if "compiled" in name), None)
    lines = [
        Timed(
            name,
            name in speeds.OURS,
            by[name],
            None if compiled is None else compiled / by[name]["median_ms"],
        )
        for name in sorted(by, key=order)
    ]
    return Case(shape, dtype, mode, tuple(lines))
