"""One op at one shape: what it moves and multiplies, who can do it, and what must come out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

Call = Callable[[], Any]


@dataclass(frozen=True)
class Shape:
    """Sizes of a case: n rows of d columns, m latents of which k fire a row."""

    n: int
    d: int
    m: int
    k: int
    skewed: bool = False
    """Few latents fire often, as in a trained dictionary, one on every row; else all alike."""

    def __str__(self) -> str:
        return f"n{self.n} d{self.d} m{self.m} k{self.k}" + " skewed" * self.skewed


@dataclass(frozen=True, eq=False)
class Case:
    """`providers` are the ways to do it, by name; `reference` is the meaning and always there."""

    op: str
    mode: str
    dtype: str
    shape: Shape
    providers: Mapping[str, Call]
    error: Callable[[Any, Any], float]
    """How far an outcome is from the reference's: 0 where they are the same."""
    nbytes: float
    """Fewest bytes to and from memory: every input read and every output written once."""
    flops: float = 0.0
    tolerance: float = 1e-5
    compared: frozenset[str] = field(default_factory=frozenset)
    """Providers that are timed beside and not held against the reference."""
    serial: bool = False
    """Bytes and products cannot overlap, as those of a step's stages: the floor is their sum."""


def relative(found: Any, wanted: Any) -> float:
    """Largest ‖found − wanted‖ / ‖wanted‖ over the tensors of an outcome, in float64."""
    if not isinstance(found, tuple):
        found, wanted = (found,), (wanted,)
    errors = [_relative(a.double(), b.double()) for a, b in zip(found, wanted, strict=True)]
    return max(errors)


def _relative(found: Any, wanted: Any) -> float:
    if found.shape != wanted.shape:
        return float("inf")
    return float((found - wanted).norm() / wanted.norm().clamp_min(1e-30))


def gathered(rows: int, table: int, row_bytes: int, cache: int) -> float:
    """Bytes read where `rows` rows are drawn from a table: each once if the table fits in cache."""
    return float(row_bytes * (min(rows, table) if table * row_bytes <= cache else rows))
