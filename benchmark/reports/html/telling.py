"""Claims in plain words: what is resolved as better, what as worse, and what is not resolved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from benchmark.reports.html.claim import Claim, Claims
from benchmark.reports.names import place
from benchmark.reports.numbers import number, span


@dataclass(frozen=True)
class Told:
    """One claim as an item of a list."""

    task: str
    metric: str
    against: str
    """What it is compared with, where a list holds several."""
    difference: str
    interval: str
    p: str
    why: str


@dataclass(frozen=True)
class Verdict:
    """All claims of one method against one other, sorted by what they say."""

    subject: str
    against: str
    place: str
    better: tuple[Told, ...]
    worse: tuple[Told, ...]
    unresolved: tuple[Told, ...]
    same: tuple[Told, ...]
    unknown: tuple[Told, ...]

    @property
    def n(self) -> int:
        return sum(map(len, (self.better, self.worse, self.unresolved, self.same, self.unknown)))


def verdicts(claims: Iterable[Claim], together: str = "") -> tuple[Verdict, ...]:
    """Claims grouped by who is compared with whom, and where; `together` names all that a method is
    compared with, where these stand in one list."""
    groups: dict[tuple[str, str, str], list[Claim]] = {}
    for claim in claims:
        w = claim.where
        named = place(w.backend, w.data, w.site, w.split, w.variant)
        against = together or claim.against
        groups.setdefault((named, claim.method, against), []).append(claim)
    return tuple(
        _verdict(method, against, named, own, bool(together))
        for (named, method, against), own in groups.items()
    )


def _verdict(method: str, against: str, named: str, claims: Sequence[Claim], each: bool) -> Verdict:
    def of(*outcomes: str) -> tuple[Told, ...]:
        return tuple(told(c, each=each) for c in claims if c.outcome in outcomes)

    return Verdict(
        subject=method,
        against=against,
        place=named,
        better=of("better"),
        worse=of("worse"),
        unresolved=of("unresolved", "differs"),
        same=of("same"),
        unknown=of("unknown"),
    )


def told(claim: Claim, *, each: bool = False) -> Told:
    """The numbers of a claim, with the sign of the difference."""
    size = number(claim.difference)
    sign = "+" if claim.difference > 0 and size != "0.000" else ""
    ends = "" if claim.low is None or claim.high is None else span(claim.low, claim.high)
    p = "" if claim.p is None else "p < 0.001" if claim.p < 0.001 else f"p = {claim.p:.3f}"
    neither = "differs; neither direction is better" if claim.outcome == "differs" else ""
    against = claim.against if each and claim.kind != "floor" else ""
    task, why = claim.where.task, claim.why or neither
    return Told(task, claim.metric, against, sign + size, ends, p, why)


def in_short(references: Claims, methods: Claims, seeds: Sequence[int]) -> list[str]:
    """A few sentences that say no more than what is resolved."""
    floors = [c for c in references.rows if c.kind == "floor"]
    lines = [_floors(name, own) for name, own in _by_method(floors).items()]
    for (a, b), own in _by_pair(methods.rows).items():
        lines.append(_pair(a, b, own))
    if len(seeds) == 1 and (floors or methods.rows):
        lines.append(
            "One seed: intervals hold the items alone, so nothing here says what another seed "
            "would change. Three seeds or more do."
        )
    elif len(seeds) == 2:
        lines.append("Two seeds: intervals are wide by construction. Three seeds or more help.")
    return lines


def _by_method(claims: Iterable[Claim]) -> dict[str, list[Claim]]:
    found: dict[str, list[Claim]] = {}
    for claim in claims:
        found.setdefault(claim.method, []).append(claim)
    return found


def _by_pair(claims: Iterable[Claim]) -> dict[tuple[str, str], list[Claim]]:
    found: dict[tuple[str, str], list[Claim]] = {}
    for claim in claims:
        found.setdefault((claim.method, claim.against), []).append(claim)
    return found


def _floors(name: str, claims: Sequence[Claim]) -> str:
    better = [c for c in claims if c.outcome == "better"]
    under = [c for c in claims if c.outcome == "worse"]
    open_ = [c for c in claims if c.outcome not in ("better", "worse")]
    parts = [
        f"{name} is better than its floor in {len(better)} of {len(claims)} main scores"
        f"{_over(claims)}"
    ]
    if under:
        parts.append(f"worse in {len(under)} ({_metrics(under)})")
    if open_:
        parts.append(f"not told apart from it in {len(open_)} ({_metrics(open_)})")
    return "; ".join(parts) + "."


def _pair(a: str, b: str, claims: Sequence[Claim]) -> str:
    better = [c for c in claims if c.outcome == "better"]
    worse = [c for c in claims if c.outcome == "worse"]
    unknown = sum(c.outcome == "unknown" for c in claims)
    rest = len(claims) - len(better) - len(worse) - unknown
    aside = f"; {unknown} cannot be paired" if unknown else ""
    if not better and not worse:
        n, over = len(claims) - unknown, _over(claims)
        return f"{a} against {b}: no difference is resolved in {n} main scores{over}{aside}."
    parts = []
    if better:
        parts.append(f"{a} is better in {_metrics(better)}")
    if worse:
        parts.append(f"{b} is better in {_metrics(worse)}")
    if rest:
        parts.append(f"{rest} of {len(claims)} main scores{_over(claims)} are not resolved")
    return f"{a} against {b}: " + "; ".join(parts) + aside + "."


def _over(claims: Sequence[Claim]) -> str:
    """Over how many places, where there are several."""
    w = {(c.where.backend, c.where.data, c.where.site, c.where.variant) for c in claims}
    return f" at {len(w)} places" if len(w) > 1 else ""


def _metrics(claims: Sequence[Claim]) -> str:
    names = dict.fromkeys(f"{c.where.task} {c.metric}" for c in claims)
    first, more = list(names)[:4], len(names) - 4
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")
