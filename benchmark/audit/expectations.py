"""What a metric is expected to do when a dictionary is degraded, and where that is written.

Ours are the table `EXPECTED`. A task of somebody else may hold a literal of its own:

    AUDIT = {"my_score": {"rotated": "must fall", "shuffled": "must not move"}}

Metrics are shell patterns; what is not named may move.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple, get_args

from benchmark.messages.nearest import hint

Degradation = Literal["rotated", "dropped", "shuffled", "mixed"]
Expectation = Literal["must fall", "must not move", "may move"]
DEGRADATIONS: tuple[Degradation, ...] = get_args(Degradation)
FALL: Expectation = "must fall"
"""Gets worse as quality does: lower, or higher where lower is better."""
STILL: Expectation = "must not move"
"""The same number at every level and draw, but for the order of summation."""
FREE: Expectation = "may move"
"""No claim."""
WHEN: dict[Degradation, str] = {
    "rotated": "directions turned by up to 90°",
    "dropped": "latents that never fire",
    "shuffled": "partners exchanged in the map",
    "mixed": "latents replaced by random ones",
}


class Row(NamedTuple):
    """What one metric does under each degradation, and why it claims no more where it may move."""

    rotated: Expectation
    dropped: Expectation
    shuffled: Expectation
    mixed: Expectation
    why: str = ""

    def of(self, degradation: Degradation) -> Expectation:
        """What is expected under one of them."""
        return self[DEGRADATIONS.index(degradation)]  # type: ignore[return-value]


NO_CLAIM = Row(FREE, FREE, FREE, FREE)
Table = Mapping[str, Row]


def row_of(metric: str, table: Table) -> Row:
    """The first row whose pattern holds the metric; none is no claim."""
    for pattern, row in table.items():
        if fnmatch.fnmatchcase(metric, pattern):
            return row
    return NO_CLAIM


def declared(literal: Any, metrics: Sequence[str], where: str) -> Table:
    """The literal of a task as a table, checked. Raises ValueError, one line, naming the nearest.

    `metrics` are the names that the task declares, patterns among them.
    """
    if not isinstance(literal, dict) or not all(isinstance(v, dict) for v in literal.values()):
        raise ValueError(
            f'{where}: AUDIT is {literal!r}, wanted {{"metric": {{"rotated": "{FALL}"}}}}'
        )
    return {name: _row(name, said, metrics, where) for name, said in literal.items()}


def _row(pattern: str, said: Mapping[str, str], metrics: Sequence[str], where: str) -> Row:
    known = any(fnmatch.fnmatchcase(m, pattern) or fnmatch.fnmatchcase(pattern, m) for m in metrics)
    if not known:
        raise ValueError(f"{where}: AUDIT names {pattern}: {hint(pattern, sorted(metrics))}")
    for kind, word in said.items():
        if kind not in DEGRADATIONS:
            raise ValueError(f"{where}: AUDIT names {kind}: {hint(kind, list(DEGRADATIONS))}")
        if word not in get_args(Expectation):
            wanted = ", ".join(get_args(Expectation))
            raise ValueError(f"{where}: AUDIT says {pattern} {word!r}, wanted one of {wanted}")
    return NO_CLAIM._replace(**said)  # type: ignore[arg-type]


def check_directions(table: Table, better: Mapping[str, bool | None], where: str) -> None:
    """Raises ValueError where a metric must fall of which neither direction is better."""
    for name, up in better.items():
        if up is None and FALL in row_of(name, table):
            raise ValueError(
                f"{where}: {name} {FALL}, but neither direction is better: say which, or {FREE!r}"
            )
