"""What the weights of methods buy and cost on val, where they were chosen."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from benchmark.reports.names import short
from benchmark.reports.numbers import number
from leaderboards import finding_pages
from leaderboards.site.facts import Facts
from leaderboards.site.pages import Page
from leaderboards.site.pages.findings import TABS
from leaderboards.site.scatter import Drawn, Kind, Point, scatter

PATH = TABS[2][1]
Metric = Mapping[str, Any]


@dataclass(frozen=True)
class Setting:
    """One point of a grid."""

    values: tuple[float, ...]
    x: Metric
    y: Metric
    gain: Mapping[str, Any] | None
    """y over the default's, paired."""
    marks: tuple[str, ...]


@dataclass(frozen=True)
class Sweep:
    """A method's fields on one backend."""

    method: str
    backend: str
    site: str
    fields: tuple[str, ...]
    x: str
    y: str
    seeds: tuple[int, ...]
    rule: str
    settings: tuple[Setting, ...]
    drawn: Drawn | None
    again: str


def make(facts: Facts) -> Iterator[Page]:
    """One page."""
    del facts
    files = sorted(finding_pages.SWEEPS.glob("*.json"))
    swept = [each for file in files for each in sweeps(json.loads(file.read_text()))]
    frontier = finding_pages.stored().get("frontier", [])
    names = [name for name in frontier[0] if name.startswith("val/")] if frontier else []
    context = {"tabs": TABS, "sweeps": swept, "frontier": frontier, "names": names}
    yield Page(PATH, "What do weights buy and cost?", "weights.html.j2", context, TABS[0][1])


def sweeps(found: Mapping[str, Any]) -> Iterator[Sweep]:
    """One a place of a record of a sweep."""
    x, y = (found["metrics"][axis]["name"] for axis in "xy")
    fields = tuple(found["grid"])
    grid = " ".join(f"{f}={','.join(f'{v:g}' for v in found['grid'][f])}" for f in fields)
    for place in found["places"]:
        settings = tuple(setting(each, fields, x, y) for each in place["points"])
        yield Sweep(
            method=found["method"],
            backend=short(place["backend"]),
            site=place["site"] or "",
            fields=fields,
            x=x,
            y=y,
            seeds=tuple(found["seeds"]),
            rule=found["rule"]["says"],
            settings=settings,
            drawn=drawn(settings, fields, x, y),
            again=f"python -m benchmark sweep --method {found['method']} --grid {grid}",
        )


def setting(point: Mapping[str, Any], fields: Sequence[str], x: str, y: str) -> Setting:
    """A point of the record."""
    means = {each["name"]: each for each in point["metrics"]}
    marks = ("chosen",) * point["chosen"] + ("frontier",) * point["frontier"]
    marks += ("default",) * point["default"]
    values = tuple(point["values"][field] for field in fields)
    return Setting(values, means[x], means[y], point.get("y_over_default"), marks)


def drawn(settings: Sequence[Setting], fields: Sequence[str], x: str, y: str) -> Drawn | None:
    """Both metrics of every point, the frontier joined."""
    points = []
    for each in settings:
        name = ", ".join(f"{f} {v:g}" for f, v in zip(fields, each.values, strict=True))
        name += " (chosen)" if "chosen" in each.marks else ""
        says = f"{name}: {x} {number(each.x['mean'])}, {y} {number(each.y['mean'])}"
        x_ends, y_ends = ((m["ci_low"], m["ci_high"]) for m in (each.x, each.y))
        kind: Kind = "front" if "frontier" in each.marks else "method"
        points.append(Point(name, "", each.x["mean"], each.y["mean"], x_ends, y_ends, kind, says))
    return scatter(points, (f"{x} →", f"↑ {y}")) if len(points) > 2 else None
