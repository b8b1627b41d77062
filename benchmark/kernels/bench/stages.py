"""Where the time of a training step goes, before kernels and with them, from a file of times."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Row = Mapping[str, Any]
OURS = ("triton", "triton graph", "cpu")
"""Providers that are ours, in the order in which one stands for an op."""
PARTS = {
    "encode_topk": "encode and top-k",
    "decode_loss": "decode, loss, gradient of codes",
    "gradients": "gradients of weights",
    "grouping": "slots by latent, for those",
    "adamw": "update",
}
DENSE = ("encode_topk", "decode_loss", "gradients", "adamw")
"""Parts that the dense step has as well."""


@dataclass(frozen=True)
class Part:
    """One op of a step; milliseconds alone, in plain torch and as it is."""

    name: str
    before: float | None
    after: float


@dataclass(frozen=True)
class Step:
    """A step at one shape and type, and what its parts take when each is timed alone."""

    shape: str
    dtype: str
    before: float
    after: float
    parts: tuple[Part, ...]

    @property
    def rest(self) -> float:
        """What the parts do not explain, in milliseconds: below 0 where they took longer alone."""
        return self.after - sum(part.after for part in self.parts)

    @property
    def largest(self) -> str:
        """The part that takes most of what is left."""
        parts = (*self.parts, Part("rest", None, self.rest))
        return max(parts, key=lambda part: part.after).name


def steps(document: Mapping[str, Any]) -> Iterator[Step]:
    """Every step of a file whose parts were timed at its shape.

    A part that has no row in the step's type runs in float32, but for the encode.
    """
    by = by_place(document["rows"])
    for (op, shape, dtype), providers in by.items():
        step = ours(providers)
        if op != "step" or step is None:
            continue
        found = []
        for part, name in PARTS.items():
            types = (dtype,) if part == "encode_topk" else (dtype, "float32")
            there = next((by[part, shape, t] for t in types if (part, shape, t) in by), {})
            mine = ours(there)
            if mine is not None:
                before = there["reference"]["median_ms"] if part in DENSE else None
                found.append(Part(name, before, mine["median_ms"]))
        if {PARTS[name] for name in DENSE} <= {part.name for part in found}:
            before = providers["reference"]["median_ms"]
            yield Step(shape, dtype, before, step["median_ms"], tuple(found))


def by_place(rows: Iterable[Row]) -> dict[tuple[str, str, str], dict[str, Row]]:
    """Rows by op, shape and type, then by provider."""
    found: dict[tuple[str, str, str], dict[str, Row]] = {}
    for row in rows:
        place = (row["op"], row["shape"], row["dtype"])
        found.setdefault(place, {})[row["provider"]] = row
    return found


def ours(providers: Mapping[str, Row]) -> Row | None:
    """The row that stands for an op; None where none is ours."""
    return next((providers[name] for name in OURS if name in providers), None)


def share(step: Step) -> str:
    """One line for a terminal: a step, and the share that each part of it has."""
    shares = [(part.name, part.after) for part in step.parts] + [("rest", step.rest)]
    told = ", ".join(f"{name} {ms / step.after:.0%}" for name, ms in shares)
    return f"a step of {step.shape} in {step.dtype}, {step.after:.3g} ms: {told}"


def text(document: Mapping[str, Any]) -> str:
    """A table with a step a line; empty where no step has all its parts."""
    found = list(steps(document))
    if not found:
        return ""
    lines = [
        "Where a step goes: milliseconds in plain torch → with these kernels, and the share of the "
        "step that is left; each part timed alone.",
        "",
        f"| step | whole | {' | '.join(PARTS.values())} | rest | largest left |",
        "|---" * (len(PARTS) + 4) + "|",
    ]
    for step in found:
        by = {part.name: part for part in step.parts}
        cells = [_cell(by[name], step) if name in by else "" for name in PARTS.values()]
        whole = f"{step.before:.3g} → {step.after:.3g}"
        rest = f"{step.rest:.3g} ({step.rest / step.after:.0%})"
        place = f"{step.shape} {step.dtype}"
        lines.append(f"| {place} | {whole} | {' | '.join(cells)} | {rest} | {step.largest} |")
    return "\n".join(lines)


def _cell(part: Part, step: Step) -> str:
    before = "" if part.before is None else f"{part.before:.3g} → "
    return f"{before}{part.after:.3g} ({part.after / step.after:.0%})"
