"""What a judge makes of the cases of a sheet, and the two that need words alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from benchmark.contracts import Answered
from benchmark.judges.caption import consensus_of
from benchmark.judges.mentions import mentioned
from benchmark.judges.verdicts import eligible, removal, replacement
from benchmark.judges.wording import Share
from benchmark.judging.sheets import Sheet

Told = Mapping[str, tuple[Sequence[Share], Sequence[Share]]]
"""Shares of each answer before and after, by measure."""


@dataclass(frozen=True)
class Opinions:
    """A verdict (2, 1, 0) a judged case, or None with the reason for it."""

    scores: tuple[int | None, ...]
    reasons: tuple[str, ...]
    """Why there is no verdict; empty where there is one."""

    @property
    def unjudged(self) -> dict[str, int]:
        """How many cases have no verdict, by reason."""
        return dict(Counter(why for why in self.reasons if why))


class SheetJudge(Protocol):
    """Judges the edits of a sheet."""

    @property
    def name(self) -> str: ...

    def opinions(self, sheet: Sheet) -> Opinions:
        """A verdict on each case of `sheet.judged`. Raises ValueError where there can be none."""
        ...


@dataclass(frozen=True)
class ByNames:
    """The run's own verdicts: names of things, held against what is known to be there."""

    name: str = "names"

    def opinions(self, sheet: Sheet) -> Opinions:
        scores = tuple(case.score for case in sheet.judged)
        return Opinions(scores, ("",) * len(scores))

    def told(self, sheet: Sheet) -> Told:
        """CHAIR of the answers before and after, and recall of what is there beside the target.

        The new thing of a replacement is no hallucination after the edit: it was asked for.
        """

        def shares(case: Answered, answer: str, also: int | None = None) -> Mapping[str, Share]:
            reading = sheet.judge.read(sheet.of.question, answer)
            there = frozenset(case.truth)
            found = mentioned(reading, there | ({also} if also is not None else set())).shares()
            return {**found, "recall": mentioned(reading, there - {case.target}).recalled}

        return _before_and_after(
            [(shares(c, c.before), shares(c, c.after or "", c.new)) for c in sheet.judged]
        )


@dataclass(frozen=True)
class ByCaptions:
    """The same verdicts with what captions name for the truth."""

    name: str = "caption"

    def opinions(self, sheet: Sheet) -> Opinions:
        found = [self._opinion(sheet, case) for case in sheet.judged]
        return Opinions(tuple(s for s, _ in found), tuple(why for _, why in found))

    def _opinion(self, sheet: Sheet, case: Answered) -> tuple[int | None, str]:
        if not case.captions:
            return None, "the picture has no captions"
        truth = consensus_of(case.captions, sheet.judge).truth()
        before = sheet.judge.read(sheet.of.question, case.before)
        after = sheet.judge.read(sheet.of.question, case.after or "")
        if case.target not in truth:
            return None, "no caption names the target"
        amiss = eligible(before, case.target, case.new, truth)
        if amiss:
            return None, f"by captions: {amiss}"
        if case.new is None:
            return removal(before, after, case.target, truth).score, ""
        return replacement(before, after, case.target, case.new, truth).score, ""

    def told(self, sheet: Sheet) -> Told:
        """What answers share with captions, before and after; pictures without are left out."""
        both = []
        for case in (c for c in sheet.judged if c.captions):
            agreed = consensus_of(case.captions, sheet.judge)
            texts = (case.before, case.after or "")
            read = [sheet.judge.read(sheet.of.question, text) for text in texts]
            both.append((agreed.shares(read[0]), agreed.shares(read[1])))
        return _before_and_after(both)


def _before_and_after(both: Sequence[tuple[Mapping[str, Share], Mapping[str, Share]]]) -> Told:
    names = both[0][0] if both else ()
    return {name: ([b[name] for b, _ in both], [a[name] for _, a in both]) for name in names}
