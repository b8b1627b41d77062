"""Answers to what papers claim and leave open, a section a question: words, then all numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.names import short
from leaderboards import finding_pages
from leaderboards.finding_pages import LEVEL
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Nav, Page

NAV = Nav(13, "Findings", "findings/index.html", "what papers claim and leave open, answered")
TABS = (
    ("Questions", NAV.path),
    ("Steering", "findings/steering.html"),
    ("Weights", "findings/weights.html"),
    ("Papers, run again", "findings/papers.html"),
)
Row = Mapping[str, Any]


@dataclass(frozen=True)
class Contrast:
    """Two methods of a question: metrics across, places down."""

    pair: tuple[str, str]
    metrics: tuple[str, ...]
    lines: tuple[tuple[tuple[str, str, str], tuple[Row | None, ...]], ...]
    """Backend, site and variant; then a row a metric."""


@dataclass(frozen=True)
class Answer:
    """A question with its answer in words and its contrasts."""

    asks: str
    of: str
    verdict: str
    seeds: str
    n: int
    n_clear: int
    contrasts: tuple[Contrast, ...]


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    answers = [answered(found) for found in finding_pages.stored()["questions"]]
    context = {"answers": answers, "tabs": TABS, "level": LEVEL}
    yield Page(NAV.path, "Findings", "findings.html.j2", context)


def answered(found: Mapping[str, Any]) -> Answer:
    """A bundled answer as the page shows it."""
    rows: Sequence[Row] = found["rows"]
    pairs = dict.fromkeys((row["pair"][0], row["pair"][1]) for row in rows)
    return Answer(
        asks=found["asks"],
        of=found.get("of", ""),
        verdict=finding_pages.verdict(found),
        seeds=finding_pages.seeds_of(rows).replace("`", ""),
        n=len(rows),
        n_clear=sum(row["p_holm"] < LEVEL for row in rows),
        contrasts=tuple(contrast(pair, found["metrics"], rows) for pair in pairs),
    )


def contrast(pair: tuple[str, str], metrics: Sequence[str], rows: Sequence[Row]) -> Contrast:
    """All rows of a pair, by place and metric."""
    its = [row for row in rows if tuple(row["pair"]) == pair]
    shown = tuple(name for name in metrics if any(row["metric"] == name for row in its))
    places: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in its:
        place = (short(row["backend"]), row["site"], row.get("variant", ""))
        places.setdefault(place, {})[row["metric"]] = row
    lines = tuple((place, tuple(places[place].get(m) for m in shown)) for place in sorted(places))
    return Contrast(pair, shown, lines)
