"""Effects over blocks as inline SVG: two series with their intervals around zero."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from markupsafe import Markup

from leaderboards.site.axes import Axis, axis

WIDTH, HEIGHT = 320, 180
LEFT, RIGHT, TOP, BOTTOM = 40, 10, 10, 24
Curve = Sequence[tuple[float, float, float]]
"""Mean and both ends of its interval, a block each."""


def curves(series: Mapping[str, Curve], says: str) -> Markup:
    """A line a series; intervals that reach far beyond all means end at the edge.

    Series are told apart by their class, which is their name, and by the shape of their points.
    """
    means = [value for curve in series.values() for value, _, _ in curve]
    ends = [end for curve in series.values() for _, low, high in curve for end in (low, high)]
    reach = max((abs(value) for value in means), default=1.0) or max(map(abs, ends), default=1.0)
    shown = [end for end in ends if abs(end) <= 1.8 * reach]
    up = axis([0.0, *means, *shown], HEIGHT - BOTTOM, TOP)
    blocks = max(map(len, series.values()))
    across = Axis(-0.4, blocks - 0.6, LEFT, WIDTH - RIGHT)
    parts = [_frame(up, across, blocks)]
    for i, (name, curve) in enumerate(series.items()):
        parts.append(_series(name, curve, up, across, shift=6 * i - 3 * (len(series) - 1)))
    return Markup(
        '<svg class="curves" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>'
    ).format(WIDTH, HEIGHT, says, Markup("").join(parts))


def _frame(up: Axis, across: Axis, blocks: int) -> Markup:
    """Grid, numbers of effects and of blocks, and a line at no effect."""
    line = Markup('<path class="{}" d="M{} {}H{}"/>')
    number = Markup('<text x="{}" y="{}" class="{}">{}</text>')
    made = []
    for y, said in up.ticks():
        made += [
            line.format("grid", LEFT, y, WIDTH - RIGHT),
            number.format(LEFT - 6, y + 4, "n", said),
        ]
    made += [number.format(across(i), HEIGHT - 6, "m", i) for i in range(blocks)]
    made.append(line.format("zero", LEFT, up(0.0), WIDTH - RIGHT))
    return Markup("").join(made)


def _series(name: str, curve: Curve, up: Axis, across: Axis, *, shift: int) -> Markup:
    places = [(round(across(i) + shift, 1), value) for i, value in enumerate(curve)]
    path = "L".join(f"{x} {up(value)}" for x, (value, _, _) in places)
    arms = "".join(f"M{x} {up(low)}V{up(high)}" for x, (_, low, high) in places)
    dots = Markup("").join(
        Markup('<circle cx="{}" cy="{}" r="3"/>').format(x, up(value))
        for x, (value, _, _) in places
    )
    return Markup(
        '<g class="{}"><path class="arms" d="{}"/><path class="line" d="M{}"/>{}</g>'
    ).format(name, arms, path, dots)
