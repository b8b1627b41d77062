"""Tiers of a column: who is not shown to be worse than whom; never a total order."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from statistics import median

from benchmark.statistics import minimum_reliable_difference, resolved_by, tiers
from leaderboards.board.tables import RANKED_SEEDS, Column, Entry, Row
from leaderboards.board.values import Value


def why_unranked(row: Row, column: Column, entry: Entry) -> str:
    """Why a value stands in no tier; empty where it does."""
    if not entry.fresh:
        return "stale"
    if "supervised" in row.marks:
        return "supervised"
    if row.kind == "control":
        return "control"
    if len(entry.value.seeds) < RANKED_SEEDS:
        n = len(entry.value.seeds)
        return f"{n} seed{'s' * (n > 1)}, {RANKED_SEEDS} are needed"
    if column.doubt:
        return "the metric failed its audit"
    return "" if column.higher_is_better is not None else "neither direction is better"


def ranked(rows: Sequence[Row], column: Column) -> tuple[dict[str, Entry], Column]:
    """Entries of this column with their tiers, by the key of their row; the column with its own.

    Reference and verified rows make the tiers. A self-reported row is given the tier that it would
    join, provisionally: numbers that nobody has checked move no other row.
    """
    entries = {row.key: row.entries[column.task] for row in rows if column.task in row.entries}
    why = {row.key: why_unranked(row, column, e) for row in rows if (e := entries.get(row.key))}
    able = [row for row in rows if row.key in entries and not why[row.key]]
    trusted = {r.key: entries[r.key].value for r in able if r.lane != "self-reported"}
    claimed = {r.key: entries[r.key].value for r in able if r.lane == "self-reported"}
    up = column.higher_is_better is not False
    found = in_tiers(trusted, up)
    likely = joined(claimed, trusted, found, up) if trusted else in_tiers(claimed, up)
    told = {
        key: replace(
            entry,
            tier=found.get(key, likely.get(key)),
            provisional=key in likely,
            unranked=why[key],
        )
        for key, entry in entries.items()
    }
    errors = [value.se for value in trusted.values()]
    reliable = minimum_reliable_difference(median(errors)) if len(errors) > 1 else None
    return told, replace(column, n_tiers=max(found.values(), default=0), reliable=reliable)


def in_tiers(values: Mapping[str, Value], up: bool) -> dict[str, int]:
    """Tiers by means over seeds; two differ where that is more than is reliable for this pair."""
    means = {key: value.value for key, value in values.items()}
    return tiers(means, resolved_by(means, _smallest(values)), higher_is_better=up)


def joined(
    claimed: Mapping[str, Value],
    trusted: Mapping[str, Value],
    found: Mapping[str, int],
    up: bool,
) -> dict[str, int]:
    """For each claimed value the first tier whose best it is not shown to be worse than."""
    sign = 1 if up else -1
    heads: dict[int, Value] = {}
    for key, tier in found.items():
        best = heads.get(tier)
        if best is None or sign * trusted[key].value > sign * best.value:
            heads[tier] = trusted[key]
    last = max(heads) + 1
    return {
        key: next((tier for tier in sorted(heads) if not _worse(value, heads[tier], sign)), last)
        for key, value in claimed.items()
    }


def _worse(value: Value, head: Value, sign: int) -> bool:
    gap = sign * (head.value - value.value)
    return gap > minimum_reliable_difference(value.se, head.se)


def _smallest(values: Mapping[str, Value]) -> Callable[[str, str], float]:
    return lambda a, b: minimum_reliable_difference(values[a].se, values[b].se)
