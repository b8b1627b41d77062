"""A promise is a sentence and a function that looks for what contradicts it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

from benchmark.messages.raised import place, with_kind

Case = TypeVar("Case")


@dataclass(frozen=True)
class Finding:
    """One line: what was found, what was wanted, what to do."""

    text: str
    fault: bool = True
    """False for a note: worth knowing, no promise is broken."""


def note(text: str) -> Finding:
    """A finding that breaks nothing."""
    return Finding(text, fault=False)


@dataclass(frozen=True, eq=False)
class Promise(Generic[Case]):
    """What holds of every method (or task, or backend)."""

    says: str
    check: Callable[[Case], Iterable[Finding]]
    after: tuple[str, ...] = ()
    """Promises without which this one cannot be judged: where one is broken, it is left open."""


@dataclass(frozen=True)
class Outcome:
    """A promise and what was found."""

    says: str
    findings: tuple[Finding, ...] = ()
    open_because: str = ""
    """The broken promise that kept this one from being judged."""

    @property
    def faults(self) -> tuple[str, ...]:
        return tuple(f.text for f in self.findings if f.fault)

    @property
    def notes(self) -> tuple[str, ...]:
        return tuple(f.text for f in self.findings if not f.fault)


def hold(promises: Sequence[Promise[Case]], case: Case, source: Path) -> list[Outcome]:
    """Every promise in order. What a check raises is a finding too, with its line in `source`."""
    broken: set[str] = set()
    outcomes = []
    for promise in promises:
        missing = [says for says in promise.after if says in broken]
        if missing:
            outcomes.append(Outcome(promise.says, open_because=missing[0]))
            broken.add(promise.says)
            continue
        findings: tuple[Finding, ...]
        try:
            findings = tuple(promise.check(case))
        except Exception as error:
            findings = (Finding(raised(error, source)),)
        if any(finding.fault for finding in findings):
            broken.add(promise.says)
        outcomes.append(Outcome(promise.says, findings))
    return outcomes


def faults(outcomes: Sequence[Outcome]) -> list[str]:
    """Every broken promise with what was found, a line each."""
    return [f"{outcome.says}: {text}" for outcome in outcomes for text in outcome.faults]


def raised(error: Exception, source: Path) -> str:
    """An exception as one line, with the last line of the checked file that it passed through."""
    return f"raised {with_kind(error)}{place(error, source)}"
