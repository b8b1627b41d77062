"""A recorded cell against the same cell scored again: every number, every fact, every unit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from benchmark.results import Cell, ReferenceScore, Score
from benchmark.statistics import StoredUnits
from benchmark.verification.tolerance import TOLERANCE, apart, elsewhere, slack
from benchmark.verification.units import units_differ

NUMBERS = ("value", "ci_low", "ci_high")
OF_SCORES = (*NUMBERS, "se", "floor", "ceiling")
FACTS = ("n", "unit", "main", "level", "cluster", "n_clusters", "interval", "higher_is_better")
OF_REFERENCES = ("kind", "n", "draws")


@dataclass
class Compared:
    """What differs between the two, a line each, and how far apart numbers are."""

    lines: list[str] = field(default_factory=list)
    n_numbers: int = 0
    largest: dict[tuple[str, str], float] = field(default_factory=dict)
    """Greatest difference by name and codes of a score: up to TOLERANCE it is allowed there."""


def compared(
    recorded: Cell,
    again: Cell,
    units: Mapping[str, StoredUnits] | None,
    units_again: Mapping[str, StoredUnits],
    *,
    same_package: bool,
) -> Compared:
    """Everything that a record claims of a cell, held against what scoring it again gave.

    `same_package`: whether the same code of ours made both; then both have the same scores and
    references, else those that both have are compared.
    """
    found = Compared()
    if (recorded.status == "scored") != (again.status == "scored"):
        found.lines.append(_status(recorded, again))
        return found
    found.lines += facts(recorded, again)
    if recorded.status != "scored":
        return found
    far = elsewhere(recorded.environment, again.environment)
    both = _by_name(recorded.scores), _by_name(again.scores)
    found.lines += absent(*both, "score", strict=True)
    for name in [name for name in both[0] if name in both[1]]:
        allowed = slack(both[1][name], elsewhere=far)
        _score(name, both[0][name], both[1][name], found, allowed, same_package=same_package)
    if units is not None:
        found.lines += units_differ(units, units_again, elsewhere=far)
    return found


def _status(recorded: Cell, again: Cell) -> str:
    said = recorded.status.replace("_", " ")
    if again.status == "scored":
        return f"is recorded as {said} ({recorded.reason}), and can be scored"
    return f"was not scored again: {again.status.replace('_', ' ')}, {again.reason}"


def facts(recorded: Cell, again: Cell) -> Iterator[str]:
    """Facts about method, backend and data that scoring found otherwise."""
    pairs = {
        "the task's version": (recorded.task.version, again.task.version),
        "the backend's revision": (recorded.backend.revision, again.backend.revision),
        "the backend's preprocessing": (
            recorded.backend.preprocessing,
            again.backend.preprocessing,
        ),
        "the backend's dtype": (recorded.backend.dtype, again.backend.dtype),
        "the data's revision": (recorded.data.revision, again.data.revision),
        "supervised": (recorded.method.supervised, again.method.supervised),
    }
    if recorded.status == "scored":
        pairs |= {
            "the dictionary": (recorded.method.checkpoint_sha256, again.method.checkpoint_sha256),
            "its number of parameters": (recorded.method.parameters, again.method.parameters),
            "the patched backend": (recorded.method.patched, again.method.patched),
            "what was chosen on val": (recorded.method.chosen, again.method.chosen),
            "sizes of the splits": (recorded.data.sizes, again.data.sizes),
            "the evaluated examples": (recorded.data.ids_sha256, again.data.ids_sha256),
        }
    for name, (old, new) in pairs.items():
        if old != new:
            yield f"{name}: {_shown(old)} in the record, {_shown(new)} here"
    old, new = recorded.method.l0 or {}, again.method.l0 or {}
    for side in sorted(old.keys() | new.keys()) if recorded.status == "scored" else ():
        if side not in old or side not in new or apart(old[side], new[side]) > TOLERANCE:
            yield f"active latents an {side}: {old.get(side)} in the record, {new.get(side)} here"


def _score(
    name: str, old: Score, new: Score, found: Compared, allowed: float, *, same_package: bool
) -> None:
    """One score: numbers within what is allowed, facts equal, references alike."""
    key = (old.name, old.variant)
    for what in OF_SCORES:
        told = f"{name}: {what}" if what != "value" else name
        _number(told, old, new, what, key, found, allowed)
    for what in FACTS:
        if getattr(old, what) != getattr(new, what):
            found.lines.append(f"{name}: {what} {_both(getattr(old, what), getattr(new, what))}")
    before, after = ({r.name: r for r in each.references} for each in (old, new))
    found.lines += [f"{name}: {line}" for line in absent(before, after, "reference", same_package)]
    for reference in [r for r in before if r in after]:
        of = f"{name}: {reference}"
        for what in NUMBERS:
            sides = before[reference], after[reference]
            _number(f"{of} {what}", *sides, what, key, found, allowed)
        for what in OF_REFERENCES:
            pair = getattr(before[reference], what), getattr(after[reference], what)
            if pair[0] != pair[1]:
                found.lines.append(f"{of} {what} {_both(*pair)}")


def _number(
    told: str,
    old: Score | ReferenceScore,
    new: Score | ReferenceScore,
    what: str,
    key: tuple[str, str],
    found: Compared,
    allowed: float,
) -> None:
    before, after = getattr(old, what), getattr(new, what)
    if before is None and after is None:
        return
    found.n_numbers += 1
    gap = float("inf") if before is None or after is None else apart(before, after)
    told_gap = gap * TOLERANCE / allowed
    if gap <= allowed:
        found.largest[key] = max(told_gap, found.largest.get(key, 0.0))
        return
    far = "" if gap == float("inf") else f" ({abs(before - after):.2g} apart)"
    found.lines.append(f"{told} is {_shown(before)} in the record, {_shown(after)} again{far}")
    found.largest[key] = max(told_gap if gap != float("inf") else 1.0, found.largest.get(key, 0.0))


def absent(
    before: Mapping[str, Any], after: Mapping[str, Any], kind: str, strict: bool
) -> Iterator[str]:
    """What only one side has; where the other code made the record, nothing is said of it."""
    for name in sorted(before.keys() - after.keys()) if strict else ():
        yield f"{kind} {name} is in the record, and not found again"
    for name in sorted(after.keys() - before.keys()) if strict else ():
        yield f"{kind} {name} is not in the record"


def _by_name(scores: tuple[Score, ...]) -> dict[str, Score]:
    return {s.name if s.variant == "full" else f"{s.name}#{s.variant}": s for s in scores}


def _both(old: object, new: object) -> str:
    return f"is {_shown(old)} in the record, {_shown(new)} again"


def _shown(value: object) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    text = "none" if value is None else str(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
