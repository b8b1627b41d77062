"""Verdicts on an edit, from readings of the answers before and after it.

    2  the target is gone (or replaced), and the rest of the unedited answer stands, nothing added
    1  done, but something was lost or invented; at least half of the others are kept
    0  otherwise: still there, too much lost, empty or garbled

A thing that is listed more often than in the unedited answer is added, too: two hats of one are an
invention, whichever thing stood in their place.

An answer that cannot be read is counted and said to be so; it is never left out.

As published, a thing that is not named is gone, however the answer looks, and any edit that is
done scores: 1 with invented or lost things, empty and garbled answers included.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from benchmark.judges.reading import Reading


@dataclass(frozen=True)
class Verdict:
    """What an edit did to an answer."""

    score: Literal[0, 1, 2]
    done: bool
    """The target is gone, and for a replacement the new thing is there."""
    parsed: bool
    kept: int
    others: int
    """Things of the unedited answer beside the target, and how many of them are kept."""
    invented: int
    why: str


def removal(before: Reading, after: Reading, target: int, truth: frozenset[int]) -> Verdict:
    """Whether a thing is gone from the answer, and everything else as it was."""
    return _judged(before, after, target, None, truth)


def replacement(
    before: Reading, after: Reading, target: int, new: int, truth: frozenset[int]
) -> Verdict:
    """Whether a thing gave way to another in the answer, and everything else is as it was."""
    return _judged(before, after, target, new, truth)


def published(
    before: Reading, after: Reading, target: int, new: int | None, truth: frozenset[int]
) -> Verdict:
    """The papers' verdict: what the unedited answer does not name (or names already) scores 0."""
    fair = _judged(before, after, target, new, truth)
    amiss = eligible(before, target, new, truth)
    now = after.things(truth, frozenset({target}))
    done = target not in now if new is None else new in after.things(truth | {new}) - {target}
    if amiss or not done:
        return replace(fair, score=0, done=done, why=amiss or fair.why or "not done")
    whole = after.parsed and fair.kept == fair.others and not fair.invented
    gone = new is None or target not in now
    return replace(fair, score=2 if whole and gone else 1, done=True)


def eligible(before: Reading, target: int, new: int | None, truth: frozenset[int]) -> str:
    """Why an edit of this answer cannot be judged; empty where it can.

    The target has to be in the picture and in the unedited answer; the new thing (collision) in
    neither.
    """
    said = before.things(truth)
    if target not in truth:
        return "not in the picture"
    if not before.parsed:
        return before.unread
    if target not in said:
        return "not named"
    if new is not None and (new in truth or new in said):
        return "collision"
    return ""


def _judged(
    before: Reading, after: Reading, target: int, new: int | None, truth: frozenset[int]
) -> Verdict:
    said = before.things(truth)
    others = said - {target}
    if not after.parsed:
        return Verdict(0, False, False, 0, len(others), 0, after.unread)
    wanted = others if new is None else others | {new}
    now = after.things(wanted, frozenset({target}))
    kept, lost = others & now, others - now
    again = max(len(after.repeated) - len(before.repeated), 0)
    invented = len(now - said - {target, new}) + len(_unknown(before, after)) + again
    gone, came = target not in now, new is None or new in now
    if not (gone and came):
        why = "still named" if not gone else "not replaced"
        return Verdict(0, False, True, len(kept), len(others), invented, why)
    if 2 * len(kept) < len(others):
        return Verdict(0, True, True, len(kept), len(others), invented, "others lost")
    whole = not lost and not invented
    why = "" if whole else "lost" if lost else "invented"
    return Verdict(2 if whole else 1, True, True, len(kept), len(others), invented, why)


def _unknown(before: Reading, after: Reading) -> list[str]:
    """What is invented of what is not known: all of it, or what has words that are new."""
    if not after.open:
        return list(after.unknown)
    said = {word for item in before.unknown for word in item.split()}
    return [item for item in after.unknown if not said.issuperset(item.split())]
