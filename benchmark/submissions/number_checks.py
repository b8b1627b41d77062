"""Whether the numbers are those of the units: every score and interval is computed again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmark.results import Cell, Score
from benchmark.results.unit_files import content_sha256
from benchmark.statistics import Estimate, Refusal, StoredUnits, floor, normalised
from benchmark.statistics.bootstrap import restored
from benchmark.submissions.cell_checks import told
from benchmark.submissions.faults import Faults
from benchmark.submissions.known import named
from benchmark.submissions.limits import ALL_UNPACKED, MOST_CLUSTERS, MOST_WORK
from benchmark.submissions.loading import Loaded
from benchmark.submissions.ranges import bounds
from benchmark.submissions.records import UNITS
from benchmark.submissions.unit_arrays import read_arrays
from benchmark.submissions.words import escaped

RELATIVE = 1e-9
LEVEL = 0.95
DRAWN = 10
"""What drawing clusters costs, in sums over them."""
SLACK = 1e-6
"""How far a score may lie outside of what it can be: single precision was summed."""
SURE = 4.0
"""Standard errors above a ceiling that chance does not explain."""


@dataclass
class Work:
    """What may still be read and computed, in bytes and clusters."""

    left: int = MOST_WORK
    bytes: int = ALL_UNPACKED

    def check(self) -> None:
        """Raises ValueError where nothing may be read any more."""
        if self.left < 0 or self.bytes < 0:
            raise ValueError("there are more units than are computed again here")

    def take(self, units: Mapping[str, StoredUnits]) -> None:
        """Raises ValueError, before anything is computed, where it would take too long."""
        counts = {name: _clusters(each) for name, each in units.items()}
        for name, k in counts.items():
            if k > MOST_CLUSTERS:
                raise ValueError(
                    f"{escaped(name, 60)} has {k:,} clusters, at most {MOST_CLUSTERS:,} are drawn"
                )
        self.left -= sum(counts.values()) + DRAWN * sum(set(counts.values()))
        self.bytes -= sum(_bytes(each) for each in units.values())
        self.check()


def _bytes(units: StoredUnits) -> int:
    columns = (units.numerator, units.denominator, units.cluster, units.replicates)
    return sum(column.nbytes for column in columns if column is not None)


def _clusters(units: StoredUnits) -> int:
    return len(units.numerator) if units.cluster is None else len(np.unique(units.cluster))


def check_numbers(read: Loaded, found: Faults, cells: Iterable[Cell]) -> None:
    """Every scored cell, and no unit file beside those that cells name."""
    work = Work()
    wanted = set()
    for cell in cells:
        if cell.status == "scored":
            wanted.add(f"{UNITS}/{cell.units_file}")
            with found.told(told(cell)):
                check_cell(read, cell, work, found)
    for name in read.listing.sizes if read.document else ():
        if name.startswith(f"{UNITS}/") and name not in wanted:
            found.add(f"{name} belongs to no scored cell: take it out")


def check_cell(read: Loaded, cell: Cell, work: Work, found: Faults) -> None:
    """One cell. Raises ValueError where its units cannot be read or are others."""
    scores = named(cell.scores)
    for name, score in scores.items():
        check_score(told(cell), name, score, found)
        check_floor(cell, score, found)
    work.check()
    units = units_of(read, cell)
    unlike = sorted(units.keys() ^ scores.keys())
    if unlike:
        where = "its units" if unlike[0] in units else "its scores"
        raise ValueError(f"{escaped(unlike[0], 60)} is only in {where}")
    work.take(units)
    with np.errstate(all="ignore"):
        again = restored(units, level=LEVEL)
    for name, score in scores.items():
        for line in differences(score, again[name]):
            found.add(f"{told(cell)}: {escaped(name, 60)}: {line}")


def units_of(read: Loaded, cell: Cell) -> dict[str, StoredUnits]:
    """The units of a cell. Raises ValueError where they are not those of its record."""
    if cell.units_file is None:
        raise ValueError("is scored, and has no units: they are in the run's cells/")
    name = f"{UNITS}/{cell.units_file}"
    if cell.units_file != f"{cell.key}.npz":
        raise ValueError(f"its units are called {cell.units_file}, wanted {cell.key[:12]}….npz")
    if name not in read.listing.sizes:
        raise ValueError(f"its units {name} are missing")
    try:
        units = read_arrays(read.listing.read(name))
    except ValueError as error:
        raise ValueError(f"{name} {error}") from None
    if content_sha256(units) != cell.units_sha256:
        raise ValueError(f"{name} does not hold the units of its record")
    return units


def differences(score: Score, again: Estimate) -> list[str]:
    """Every way in which a recorded score is not the one that its units give."""
    pairs: list[tuple[str, Any, Any]] = [
        ("value", score.value, again.value),
        ("ci_low", score.ci_low, again.low),
        ("ci_high", score.ci_high, again.high),
        ("se", score.se, again.se),
        ("n", score.n, again.n),
        ("n_clusters", score.n_clusters, again.n_clusters),
        ("interval", score.interval, again.shape),
    ]
    return [
        f"{name} is {recorded}, its units give {computed}"
        for name, recorded, computed in pairs
        if not _alike(recorded, computed)
    ]


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, float) and isinstance(b, float):
        return bool(abs(a - b) <= RELATIVE * max(abs(a), abs(b)) + 1e-12)
    return bool(a == b)


def check_score(where: str, name: str, score: Score, found: Faults) -> None:
    """What a score says by itself: that it can be, and that its floor is its references'."""
    shown = f"{where}: {escaped(name, 60)}"
    if score.level != LEVEL:
        found.add(f"{shown}: its interval is of level {score.level}, wanted {LEVEL}")
    if score.variant not in ("full", "truncated"):
        found.add(f"{shown}: variant {score.variant} is none: full or truncated")
    lowest, highest = bounds(score.name) or (-np.inf, np.inf)
    if not lowest - SLACK <= score.value <= highest + SLACK:
        found.add(f"{shown} is {score.value:.6g}, which it cannot be: {lowest:g} to {highest:g}")
    up = score.higher_is_better
    nulls = {r.name: r.value for r in score.references if r.kind == "null"}
    ceilings = [r.value for r in score.references if r.kind == "ceiling"]
    bottom = floor(nulls, higher_is_better=up)
    top = (min(ceilings) if up else max(ceilings)) if ceilings and up is not None else None
    share = normalised(
        score.value, floor=bottom and bottom[1], ceiling=top, se=score.se, higher_is_better=up
    )
    derived: list[tuple[str, Any, Any]] = [
        ("floor", score.floor, bottom and bottom[1]),
        ("ceiling", score.ceiling, top),
        ("normalised", score.normalised, None if isinstance(share, Refusal) else share),
    ]
    for field, recorded, computed in derived:
        if not _alike(recorded, computed):
            found.add(f"{shown}: {field} is {recorded}, its references give {computed}")
    check_ceiling(shown, score, found)


def check_ceiling(shown: str, score: Score, found: Faults) -> None:
    """Above a true ceiling by more than chance is a fault."""
    up = score.higher_is_better
    if up is None:
        return
    sign = 1 if up else -1
    if score.ceiling is not None:
        above = sign * (score.value - score.ceiling)
        gap = abs(score.ceiling - score.floor) if score.floor is not None else abs(score.ceiling)
        if above > max(SURE * (score.se or 0.0), 0.02 * gap, SLACK):
            found.add(f"{shown} is {score.value:.4g}, beyond its ceiling {score.ceiling:.4g}")


def check_floor(cell: Cell, score: Score, found: Faults) -> None:
    """A main score under its floor is no fault: a method may be worse than knowing nothing."""
    if not score.main or score.floor is None or score.higher_is_better is None:
        return
    sign = 1 if score.higher_is_better else -1
    if sign * (score.floor - score.value) > SLACK:
        found.warn(
            f"{told(cell)}: {score.name} is {score.value:.4g}, worse than its floor "
            f"{score.floor:.4g}: knowing nothing does better; the row may stay, and shows it"
        )
