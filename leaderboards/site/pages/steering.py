"""Where in a model adding and suppressing a concept work: effects over blocks, drawn and told."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from benchmark.reports.names import short
from leaderboards import finding_pages, steering
from leaderboards.site.curves import curves
from leaderboards.site.facts import Facts
from leaderboards.site.inert import clipped, inert
from leaderboards.site.pages import Page
from leaderboards.site.pages.findings import TABS

SERIES = {"add": "adding", "supp": "suppressing"}


@dataclass(frozen=True)
class Panel:
    """One yardstick of methods that have the same numbers."""

    methods: tuple[str, ...]
    yardstick: str
    drawn: Markup
    row: Mapping[str, Any]
    doses: tuple[str, ...]
    peaks: tuple[int, ...]


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    found = finding_pages.stored().get("steering", [])
    backends: dict[str, list[Panel]] = {}
    for methods, row in steering.merged(found):
        backends.setdefault(short(row["backend"]), []).append(panel(methods, row))
    yardsticks = [
        name for name in steering.YARDSTICKS if any(r["yardstick"] == name for r in found)
    ]
    context = {
        "tabs": TABS,
        "claims": steering.claims(found),
        "seeds": sorted({seed for row in found for seed in row["seeds"]}),
        "backends": {
            name: [(y, [p for p in panels if p.yardstick == y]) for y in yardsticks]
            for name, panels in backends.items()
        },
    }
    title = "Where do adding and suppressing a concept work?"
    yield Page(TABS[1][1], title, "steering.html.j2", context, TABS[0][1])


def panel(methods: Sequence[str], row: Mapping[str, Any]) -> Panel:
    """A bundled row, drawn."""
    doses = zip(*row["doses"], strict=False)
    said = f"{clipped(', '.join(methods), 80)} on {short(row['backend'])}, {row['yardstick']}"
    series = {
        sign: [(value, low, high) for value, low, high in row["curves"][sign].values()]
        for sign in SERIES
    }
    return Panel(
        methods=tuple(methods),
        yardstick=row["yardstick"],
        drawn=curves(series, inert(f"Effect by block, {said}; numbers are in the table")),
        row=row,
        doses=tuple(f"{sum(each) / len(each):.2g}" for each in doses),
        peaks=tuple(dict.fromkeys(row["peaks"])),
    )
