"""Units of a record against those that its dictionary gives: methods are paired by them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Bool

from benchmark.statistics import StoredUnits
from benchmark.verification.tolerance import TOLERANCE

FEW = 1e-3
"""Share of units that may differ: float noise turns a tie here and there."""
ALIKE = 0.01
"""Mean squared difference over variance that another processor's noise may reach, in any number of
units: a few that turn, or all of them a little."""
COLUMNS = ("numerator", "denominator", "cluster", "point", "replicates")


def units_differ(
    old: Mapping[str, StoredUnits], new: Mapping[str, StoredUnits], *, elsewhere: bool = False
) -> Iterator[str]:
    """Scores whose units are not those of this dictionary, one line each.

    `elsewhere`: they were computed on another processor.
    """
    for name in sorted(old.keys() ^ new.keys()):
        yield f"{name}: its units are {'not found again' if name in old else 'not recorded'}"
    for name in sorted(old.keys() & new.keys()):
        line = _column_differs(old[name], new[name], elsewhere=elsewhere)
        if line:
            yield f"{name}: {line}"


def _column_differs(old: StoredUnits, new: StoredUnits, *, elsewhere: bool) -> str | None:
    """The first column of units that differs in more than a few of its numbers."""
    for column in COLUMNS:
        a, b = (None if (v := getattr(u, column)) is None else np.asarray(v) for u in (old, new))
        if (a is None) != (b is None) or (a is not None and b is not None and a.shape != b.shape):
            sizes = " and ".join("none" if v is None else f"{v.size:,}" for v in (a, b))
            return f"{sizes} numbers of {column} in its units, wanted as many"
        if a is None or b is None:
            continue
        far = _far(a, b)
        allowed = 0 if column == "cluster" else int(FEW * a.size)
        alike = elsewhere and column != "cluster" and _alike(a, b)
        if far.sum() > allowed and not alike:
            first = int(np.flatnonzero(far.ravel())[0])
            pair = f"{a.ravel()[first]:g} against {b.ravel()[first]:g}"
            return (
                f"{far.sum():,} of {a.size:,} numbers of {column} in its units differ (the first, "
                f"number {first}: {pair})"
            )
    return None


def _alike(a: np.ndarray, b: np.ndarray) -> bool:
    """Whether what differs is small beside how much these numbers vary."""
    a, b = a.astype(np.float64).ravel(), b.astype(np.float64).ravel()
    real = ~(np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        return bool(np.square(a - b)[real].mean() <= ALIKE * b[real].var())


def _far(a: np.ndarray, b: np.ndarray) -> Bool[np.ndarray, "..."]:
    """Where two rows of numbers are apart; a draw that has no score in both is none in both."""
    a, b = a.astype(np.float64), b.astype(np.float64)
    with np.errstate(invalid="ignore"):
        near = np.abs(a - b) <= TOLERANCE * np.maximum(1.0, np.abs(a))
    return ~(near | (np.isnan(a) & np.isnan(b)))
