"""Dictionaries of known quality: the whole one, made worse by degrees.

The same draw is nested: a latent that is dropped, exchanged or replaced at one level still is at
the next, and a direction turns towards the same random one all the way. So quality falls with the
level by construction, whatever a metric says of it.
"""

from __future__ import annotations

from collections.abc import Callable

from benchmark.audit.expectations import Degradation
from benchmark.audit.levels import Point
from benchmark.audit.shuffling import shuffled
from benchmark.audit.silencing import dropped
from benchmark.audit.turning import mixed, rotated
from benchmark.contracts import Subject

WAYS: dict[Degradation, Callable[[Subject, Point], Subject]] = {
    "rotated": rotated,
    "dropped": dropped,
    "shuffled": shuffled,
    "mixed": mixed,
}


def degraded(subject: Subject, point: Point) -> Subject:
    """The subject under a degraded dictionary; at level 0 the subject itself."""
    return WAYS[point.degradation](subject, point) if point.level else subject
