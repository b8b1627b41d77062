"""Small drawings that stand in a line of text: an interval on the axis of its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

from benchmark.reports.lineup import Line, row_of, value_of
from benchmark.reports.panels import Panel, Row
from benchmark.reports.windows import Window, window

WIDE, TALL = 152, 14
EDGE = 4
Scale = Callable[[float | None], str]


def view(panel: Panel) -> Window:
    """The part of the axis that all strips of one table share."""
    marks = [*panel.baselines.values(), panel.floor, panel.ceiling]
    spans = [(r.low, r.high) for r in panel.rows if not r.wide]
    return window(
        [row.value for row in panel.rows],
        [mark for mark in marks if mark is not None],
        [(low, high) for low, high in spans if low is not None and high is not None],
        higher_is_better=panel.higher_is_better is not False,
    )


def strip(panel: Panel, line: Line, seen: Window) -> Markup:
    """One line's value and interval among floor and ceiling; the numbers beside it say the same."""
    at = _scale(seen)
    parts = [_rule(at(panel.floor), "floor", panel.floor, seen)]
    parts += [_rule(at(panel.ceiling), "ceiling", panel.ceiling, seen)]
    if line.is_reference:
        value = value_of(panel, line)
        if value is not None and not seen.side(value):
            parts.append(f'<path class="mark {line.kind}" d="M{at(value)} {TALL / 2 - 3:g}v6"/>')
    elif row := row_of(panel, line):
        parts += _row(row, at, seen)
    inside = "".join(parts)
    return Markup(
        f'<svg class="strip" viewBox="0 0 {WIDE} {TALL}" preserveAspectRatio="none" '
        f'aria-hidden="true" focusable="false">{inside}</svg>'
    )


def _row(row: Row, at: Scale, seen: Window) -> Sequence[str]:
    middle = TALL / 2
    low = row.value if row.low is None else row.low
    high = row.value if row.high is None else row.high
    ends = [at(min(max(end, seen.low), seen.high)) for end in (low, high)]
    found = [f'<path class="span" d="M{ends[0]} {middle:g}H{ends[1]}"/>']
    if side := seen.side(row.value):
        x = WIDE - EDGE if side > 0 else EDGE
        return [f'<path class="out" d="M{x} {middle:g}l{-5 * side} -4v8z"/>']
    found.append(f'<path class="dot" d="M{at(row.value)} {middle:g}h0"/>')
    return found


def _rule(x: str, kind: str, value: float | None, seen: Window) -> str:
    if value is None or seen.side(value):
        return ""
    return f'<path class="{kind}" d="M{x} 0v{TALL}"/>'


def _scale(seen: Window) -> Scale:
    def at(value: float | None) -> str:
        if value is None:
            return ""
        share = (value - seen.low) / (seen.high - seen.low)
        return f"{EDGE + share * (WIDE - 2 * EDGE):.1f}"

    return at
