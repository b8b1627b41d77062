"""Which metrics can be trusted: what each does where dictionaries get worse, what it resolves."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.names import short
from leaderboards.board.places import task_order
from leaderboards.board.tables import Column, Table
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(21, "Metrics", "metrics.html", "which can be trusted, and what difference they resolve")
DEGRADATIONS = {
    "rotated": ("turned", "decoder and encoder directions are turned by a growing angle"),
    "dropped": ("dropped", "a growing share of latents never fires"),
    "shuffled": ("exchanged", "a growing share of latents exchanges its partner across modalities"),
    "mixed": ("mixed", "a growing share of random latents is mixed in"),
}
"""What each is called here, and what it does."""
SOUND = 0.9


@dataclass(frozen=True)
class Under:
    """What a metric did under one degradation."""

    text: str
    kind: str
    """A class for its colour: `follows`, `loose`, `stays`, `free`, or `none`."""
    told: float | None
    """The smallest share of a degradation that it tells from none."""


@dataclass(frozen=True)
class Audited:
    """One metric in one world."""

    backend: str
    metric: str
    main: bool
    reliable: bool
    reason: str
    under: tuple[Under, ...]


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    names = tuple(dict.fromkeys(name for row in facts.audited for name in row["under"]))
    tasks: dict[str, list[Audited]] = {}
    for row in facts.audited:
        tasks.setdefault(row["task"], []).append(audited(row, names))
    failed = [row for row in facts.audited if row["verdict"] == "unreliable"]
    context = {
        "degradations": [(name, *DEGRADATIONS.get(name, (name, ""))) for name in names],
        "tasks": sorted(tasks.items(), key=lambda each: task_order(each[0])),
        "failed": [(row, row.get("reason", "")) for row in failed],
        "n": len(facts.audited),
        "worlds": sorted({(row["backend"], row["by"]) for row in facts.audited}),
        "resolved": list(resolved(facts.board.tables)),
    }
    yield Page(NAV.path, "Which metrics can be trusted?", "metrics.html.j2", context)


def audited(row: Mapping[str, Any], names: Sequence[str]) -> Audited:
    """A bundled row as the page shows it."""
    return Audited(
        short(row["backend"]),
        row["metric"],
        row["main"],
        row["verdict"] != "unreliable",
        row.get("reason", ""),
        tuple(under(row["under"].get(name)) for name in names),
    )


def under(found: Mapping[str, Any] | None) -> Under:
    """In a few letters: ρ, that it stays, or that nothing is claimed."""
    if found is None:
        return Under("", "none", None)
    if found["must"] == "must not move":
        return Under("stays", "stays", None)
    if found["must"] == "may move":
        return Under("–", "free", None)
    if found["rho"] is None:
        return Under("n/a", "loose", None)
    kind = "follows" if found["rho"] >= SOUND else "loose"
    return Under(f"{found['rho']:.2f}".replace("-", "−"), kind, found["told from"])


def resolved(tables: Sequence[Table]) -> Iterator[tuple[Table, list[Column]]]:
    """Places with the columns whose minimum reliable difference is known."""
    for table in tables:
        columns = [column for column in table.columns if column.reliable is not None]
        if columns:
            yield table, columns
