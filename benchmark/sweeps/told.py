"""What was chosen, by which rule, and how far it may be believed: a line each."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import fields

from benchmark.contracts import Budget
from benchmark.reports.names import short
from benchmark.reports.numbers import number, span
from benchmark.sweeps.against import Gain
from benchmark.sweeps.asked import GridRequest
from benchmark.sweeps.grid import word
from benchmark.sweeps.preset import on_test, preset_line
from benchmark.sweeps.reading import Read, Reading
from benchmark.sweeps.rule import in_words

SPENT = frozenset(field.name for field in fields(Budget)) - {"lr"}
"""Fields that are equal for all methods, or their rows could not be compared."""


def lines(
    asked: GridRequest, reading: Reading, arguments: argparse.Namespace, *, alone: bool
) -> Iterator[str]:
    """Of one place, the choice first; `alone` where there is no other place to tell it from."""
    x, y = asked.axes.x, asked.axes.y
    where = "" if alone else f" on {short(reading.where[0])} at {reading.where[2]}"
    chosen = reading.chosen
    if chosen is None:
        yield f"chosen{where}: none, {reading.points[0].missing}"
        return
    yield f"chosen{where}: {chosen.point.label}"
    yield f"  {in_words(x.name, y.name, asked.keep, reading.least_x)}"
    yield f"  {against_default(asked, reading, chosen)}"
    yield from (f"  {text}" for text in (*given_up(asked, reading, chosen), *doubts(asked, chosen)))
    if asked.preset:
        entry = preset_line(asked.preset, asked.method, chosen.point)
        yield f"  for PRESETS of {asked.method.entry.path.name}: {entry}"
    command = on_test(arguments, reading.where, chosen.point)
    yield f"  val flatters what it chose; on test: {command}"


def against_default(asked: GridRequest, reading: Reading, chosen: Read) -> str:
    """Whether the choice is told apart from the method as it is, paired over seeds."""
    default, gain, y = reading.default, chosen.gain, asked.axes.y
    if chosen is default:
        return "it is the default"
    own = f"the default, {default.point.label}"
    if gain is None:
        return f"{own}, has no {y.name}: {default.missing}"
    if gain.refused or gain.low is None or gain.high is None:
        return f"{y.name} {gain.value:+.3f} over {own}; not paired: {gain.refused}"
    over = f"{y.name} {gain.value:+.3f} {span(gain.low, gain.high)} over {own}"
    p = f"p {p_of(gain)} by Holm over all points"
    if not gain.resolved:
        return f"NOT resolved from the default: {over}, {p}"
    return f"{'better' if y.up(gain.value) > 0 else 'worse'} on val: {over}, {p}"


def p_of(gain: Gain) -> str:
    """As people read it."""
    p = 1.0 if gain.p_holm is None else gain.p_holm
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"


def given_up(asked: GridRequest, reading: Reading, chosen: Read) -> Iterator[str]:
    """What more of y the grid has, and what of x it would cost: the tolerance is a choice too."""
    x, y = asked.axes.x, asked.axes.y
    able = [e for e in reading.points if e.missing is None and e.point.on_grid]
    best = max(able, key=lambda each: y.up(each.standing.mean(y).value))
    if best.keeps:
        return
    more, less = (
        abs(best.standing.mean(axis).value - chosen.standing.mean(axis).value) for axis in (y, x)
    )
    yield (
        f"{best.point.label} has the best {y.name} of the grid, by {number(more)}, but its "
        f"{x.name} is {number(less)} worse: --keep decides"
    )


def doubts(asked: GridRequest, chosen: Read) -> Iterator[str]:
    """What the grid itself leaves open about a choice."""
    for name, values in asked.grid.items():
        value = chosen.point.values[name]
        numbers = [v for v in values if type(v) in (int, float)]
        if len(numbers) > 1 and type(value) in (int, float):
            if value == max(numbers):
                yield f"{name}={word(value)} is the largest of the grid: the best may lie beyond"
            elif value == min(numbers) and value != 0:
                yield f"{name}={word(value)} is the smallest of the grid: the best may lie below"
        if name in SPENT:
            yield f"{name} is of the budget that all methods share: such rows are no equal match"
    if len(asked.request.seeds) == 1:
        yield "one seed: nothing is known of others"
