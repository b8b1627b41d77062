"""What is held against the numbers: a published value, a difference, a course over labels.

Each gives rows in words and one of five verdicts. A claim is resolved by its interval alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal, Protocol

from benchmark.reproduce.found import Estimate, Found

Verdict = Literal["within", "outside", "holds", "does not hold", "not resolved", "beside"]
UNCLEAR: Verdict = "not resolved"
EXACT = 1e-9
"""What rounding may leave of an equality."""


@dataclass(frozen=True)
class Row:
    """One line of the table."""

    says: str
    ours: str
    wanted: str
    verdict: Verdict


class Claim(Protocol):
    """Anything that can be held against what was found."""

    def rows(self, found: Found) -> Iterator[Row]: ...


@dataclass(frozen=True)
class Published:
    """A number of the paper, with what is near enough; None: shown beside, for another model."""

    says: str
    label: str
    method: str
    metric: str
    value: float
    tolerance: float | None = None
    variant: str = ""
    site: str | None = None

    def rows(self, found: Found) -> Iterator[Row]:
        """One row."""
        site, variant = self.site, self.variant
        ours = found.mean(self.label, self.method, self.metric, site=site, variant=variant)
        if self.tolerance is None:
            yield Row(self.says, str(ours), f"{self.value:g}", "beside")
            return
        near = abs(ours.value - self.value) <= self.tolerance
        wanted = f"{self.value:g} ± {self.tolerance:g}"
        yield Row(self.says, str(ours), wanted, "within" if near else "outside")


@dataclass(frozen=True)
class Differs:
    """`a` is above `b` in a metric (below, for sign −1), by more than `least`."""

    says: str
    label: str
    a: str
    b: str
    metric: str
    sign: Literal[1, -1] = 1
    least: float = 0.0
    variant: str = ""
    site: str | None = None

    def rows(self, found: Found) -> Iterator[Row]:
        """One row: resolved where the interval of the paired difference leaves `least` out."""
        site, variant = self.site, self.variant
        ours = found.difference(self.label, self.a, self.b, self.metric, site=site, variant=variant)
        bound = self.sign * self.least if self.least else 0.0
        wanted = f"{'over' if self.sign > 0 else 'under'} {bound:g}"
        yield Row(self.says, str(ours), wanted, resolved(ours, bound, self.sign))


@dataclass(frozen=True)
class Same:
    """`a` and `b` are equal on every unit, or within `tolerance`."""

    says: str
    label: str
    a: str
    b: str
    metric: str
    tolerance: float = 0.0

    def rows(self, found: Found) -> Iterator[Row]:
        """One row: the whole interval has to be within the tolerance."""
        ours = found.difference(self.label, self.a, self.b, self.metric)
        low = ours.value if ours.low is None else ours.low
        high = ours.value if ours.high is None else ours.high
        verdict: Verdict = UNCLEAR
        if max(abs(low), abs(high)) <= self.tolerance + EXACT:
            verdict = "holds"
        elif low > self.tolerance or high < -self.tolerance:
            verdict = "does not hold"
        yield Row(self.says, str(ours), f"0 ± {self.tolerance:g}", verdict)


@dataclass(frozen=True)
class Course:
    """How a metric of a method goes over the labels of runs, in their order."""

    says: str
    labels: tuple[str, ...]
    method: str
    metric: str
    course: Literal["rises", "falls", "flat"]
    within: float = 0.0
    """What a step may go the other way, or, where it is flat, largest less smallest."""

    def rows(self, found: Found) -> Iterator[Row]:
        """One row: every step in order, and the ends apart by more than their intervals."""
        course = [found.mean(label, self.method, self.metric) for label in self.labels]
        values = [each.value for each in course]
        ours = " → ".join(f"{value:.3f}" for value in values)
        if self.course == "flat":
            near = max(values) - min(values) <= self.within
            wanted = f"within {self.within:g}"
            yield Row(self.says, ours, wanted, "holds" if near else "does not hold")
            return
        sign = 1 if self.course == "rises" else -1
        steps = [sign * (b - a) for a, b in pairwise(values)]
        yield Row(self.says, ours, self.course, over(steps, course, sign, self.within))


@dataclass(frozen=True)
class Bound:
    """A metric of a method is over a bound (under it, for sign −1)."""

    says: str
    label: str
    method: str
    metric: str
    bound: float
    sign: Literal[1, -1] = 1

    def rows(self, found: Found) -> Iterator[Row]:
        """One row: by the interval where there is one, else by the value of every seed's mean."""
        ours = found.mean(self.label, self.method, self.metric)
        wanted = f"{'over' if self.sign > 0 else 'under'} {self.bound:g}"
        if ours.low is None:
            past = self.sign * (ours.value - self.bound) > 0
            yield Row(self.says, str(ours), wanted, "holds" if past else "does not hold")
            return
        yield Row(self.says, str(ours), wanted, resolved(ours, self.bound, self.sign))


@dataclass(frozen=True)
class Apart:
    """Of one method a metric is above another one: their intervals do not meet."""

    says: str
    label: str
    method: str
    higher: str
    lower: str

    def rows(self, found: Found) -> Iterator[Row]:
        """One row."""
        high, low = (
            found.mean(self.label, self.method, each) for each in (self.higher, self.lower)
        )
        ours = f"{high} over {low}"
        if high.low is None or low.high is None or high.high is None or low.low is None:
            yield Row(self.says, ours, "apart", UNCLEAR)
        elif high.low > low.high:
            yield Row(self.says, ours, "apart", "holds")
        else:
            yield Row(self.says, ours, "apart", "does not hold" if high.high < low.low else UNCLEAR)


def over(steps: list[float], course: list[Estimate], sign: int, within: float) -> Verdict:
    """Whether steps go one way, and the ends are apart."""
    if any(step < -within for step in steps):
        return "does not hold"
    first, last = (course[0], course[-1]) if sign > 0 else (course[-1], course[0])
    if first.high is None or last.low is None:
        return "holds" if sum(steps) > 0 else "does not hold"
    return "holds" if first.high < last.low else "not resolved"


def resolved(ours: Estimate, bound: float, sign: int) -> Verdict:
    """What an interval says of being over (or under) a bound."""
    if ours.low is None or ours.high is None:
        return "not resolved"
    if sign > 0:
        return "holds" if ours.low > bound else "does not hold" if ours.high < bound else UNCLEAR
    return "holds" if ours.high < bound else "does not hold" if ours.low > bound else UNCLEAR
