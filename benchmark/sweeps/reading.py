"""The grid as it is read at one place: who is on the frontier, who is chosen, against what."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmark.reports.panels import Where
from benchmark.sweeps.against import Gain, gains
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.grid import Point, smaller_first
from benchmark.sweeps.rule import choose, frontier, keeping
from benchmark.sweeps.standings import Standing


@dataclass(frozen=True)
class Read:
    """One point as the rule sees it."""

    standing: Standing
    missing: str | None = None
    """Why it has no place among the others: it was not scored whole."""
    on_frontier: bool = False
    keeps: bool = False
    """Its x is within the tolerance."""
    chosen: bool = False
    gain: Gain | None = None
    """In y over the default; None of the default itself, and where that was not scored whole."""

    @property
    def point(self) -> Point:
        return self.standing.point


@dataclass(frozen=True)
class Reading:
    """All points at one backend, data set and site."""

    where: Where
    points: tuple[Read, ...]
    least_x: float | None
    """Where the tolerance ends, as x is measured; None where nothing could be chosen."""

    @property
    def chosen(self) -> Read | None:
        return next((each for each in self.points if each.chosen), None)

    @property
    def default(self) -> Read:
        return next(each for each in self.points if each.point.is_default)


def read(asked: GridRequest, where: Where, standings: Sequence[Standing]) -> Reading:
    """The frontier and the choice over the points of the grid that have both scores."""
    x, y = asked.axes.x, asked.axes.y
    points = [Read(each, each.missing((x, y))) for each in standings]
    able = [i for i, each in enumerate(points) if each.missing is None and each.point.on_grid]
    if not able:
        return Reading(where, tuple(points), None)
    means = [(standings[i].mean(x).value, standings[i].mean(y).value) for i in able]
    pairs = [(x.up(of_x), y.up(of_y)) for of_x, of_y in means]
    order = [smaller_first(standings[i].point, asked.grid) for i in able]
    chosen = able[choose(pairs, asked.keep, order)]
    made = (frontier(pairs), keeping(pairs, asked.keep), over_default(asked, points, able))
    for i, front, keeps, gain in zip(able, *made, strict=True):
        points[i] = replace(
            points[i], on_frontier=front, keeps=keeps, chosen=i == chosen, gain=gain
        )
    best = max(of_x for of_x, _ in pairs)
    return Reading(where, tuple(points), x.up(best - asked.keep.of(best)))


def over_default(
    asked: GridRequest, points: Sequence[Read], able: Sequence[int]
) -> list[Gain | None]:
    """What each of these points gained in y over the default."""
    y, folder = asked.axes.y, asked.request.output / "cells"
    default = next(each.standing for each in points if each.point.is_default)
    if default.missing((y,)) is not None:
        return [None] * len(able)
    return gains(folder, y, [points[i].standing for i in able], default)
