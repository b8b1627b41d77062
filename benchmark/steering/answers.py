"""What a model says of a picture when a concept is pushed into it, or out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float

from benchmark.contracts import Edit
from benchmark.edits import add
from benchmark.interviews.room import digest
from benchmark.judges.reading import Reading
from benchmark.steering.cases import Asked, Case, Sign, other
from benchmark.steering.gaps import DOSES, pushes_of, statement
from benchmark.steering.sweep import Kind, Sweep


@dataclass(frozen=True)
class Told:
    """One case: what is said before and after, and which things count as its concept."""

    case: Case
    sign: Sign
    members: frozenset[int]
    before: Reading
    after: Reading

    @property
    def mentioned_before(self) -> bool:
        return bool(self._said(self.before) & self.members)

    @property
    def mentioned(self) -> bool:
        """After the push; an answer that cannot be read changes nothing."""
        if not self.after.parsed:
            return self.mentioned_before
        return bool(self._said(self.after) & self.members)

    @property
    def effect(self) -> float:
        """1 where the push did what it should, −1 where it did the opposite."""
        change = float(self.mentioned) - float(self.mentioned_before)
        return change if self.sign == "add" else -change

    @property
    def others(self) -> frozenset[int]:
        """Other things in the unedited answer."""
        return self._said(self.before) - self.members

    @property
    def kept(self) -> frozenset[int]:
        """Those of them that are still named."""
        return self.others & self._said(self.after) if self.after.parsed else frozenset()

    def _said(self, reading: Reading) -> frozenset[int]:
        return reading.things(self.case.truth(self.sign), self.members)


@dataclass(frozen=True)
class Push:
    """How answers are pushed: along which directions, and whether while they are written too."""

    kind: Kind = "own"
    decode: bool = False
    """Also at every token that is written; else at image positions of the prompt alone."""


def answers(sweep: Sweep, split: Asked, sign: Sign, push: Push, i: int, dose: float) -> list[Told]:
    """Every case after a push at block i (by place), in the order of the cases."""
    cases = sweep.cases(split)
    along = dose * pushes_of(sweep, cases, sign, push.kind, i)
    reached = sweep.read_later[i] or push.decode
    able = [k for k in range(len(cases)) if reached and bool(along[k].any())]
    after = dict(enumerate(unedited(sweep, split, sign)))
    if able:
        chosen = [cases[k] for k in able]
        found = _pushed(sweep, split, sign, push.decode, i, chosen, along[able])
        after |= dict(zip(able, found, strict=True))
    return _told(sweep, split, sign, [after[k] for k in range(len(cases))])


def _pushed(
    sweep: Sweep,
    split: Asked,
    sign: Sign,
    decode: bool,
    i: int,
    cases: Sequence[Case],
    along: Float[torch.Tensor, "n d"],
) -> list[Reading]:
    room, block = sweep.room, sweep.blocks[i]
    masks = room.masks([case.patches for case in cases])
    edit = {
        "blocks": [block],
        "push": digest(along),
        "patches": digest(masks),
        "decode": decode,
        **sweep.told_apart(split, sign, cases),
    }

    def said(part: Sequence[int]) -> list[str]:
        change, at = add(along[list(part)]), masks[list(part)]
        edits = [Edit(block, change, at, decode=decode)]
        return room.say(sweep.shown(split, sign, [cases[k] for k in part]), edits)

    return room.read(split, cases, edit, said)


def at_every_dose(sweep: Sweep, split: Asked, sign: Sign, push: Push, i: int, k: int) -> list[Told]:
    """Case k alone after a push of each dose at block i (both by place)."""
    case, before = sweep.cases(split)[k], unedited(sweep, split, sign)[k]
    along = torch.tensor(DOSES)[:, None] * pushes_of(sweep, [case], sign, push.kind, i)
    found = _pushed(sweep, split, sign, push.decode, i, [case] * len(DOSES), along)
    members = frozenset({case.concept, *sweep.pictures[split].members(case.concept)})
    return [Told(case, sign, members, before, after) for after in found]


def unedited(sweep: Sweep, split: Asked, sign: Sign) -> list[Reading]:
    """What is said of every case as it is; asked once."""
    cases, room = sweep.cases(split), sweep.room

    def said(part: Sequence[int]) -> list[str]:
        return room.say(sweep.shown(split, sign, [cases[k] for k in part]), [])

    def make() -> list[Reading]:
        return room.read(split, cases, sweep.told_apart(split, sign, cases), said)

    return sweep.kept(("unedited", split, sign), make)


def as_they_are(sweep: Sweep, split: Asked, sign: Sign) -> list[Told]:
    """Every case without any push."""
    return _told(sweep, split, sign, unedited(sweep, split, sign))


def redrawn(sweep: Sweep, split: Asked, sign: Sign) -> list[Told]:
    """What is said of the picture that a push would make at best: with the concept, or without."""
    return _told(sweep, split, sign, unedited(sweep, split, other(sign)))


def told(sweep: Sweep, split: Asked, sign: Sign) -> list[Told]:
    """What is said where a statement before the question tells the model of the concept."""
    cases, room, examples = sweep.cases(split), sweep.room, sweep.pictures[split]

    def said(part: Sequence[int]) -> list[str]:
        chosen = [cases[k] for k in part]
        prompts = [statement(examples, sign, c) + room.question for c in chosen]
        asked = room.speaker.ask(sweep.shown(split, sign, chosen), prompts)
        return room.speaker.answers(asked, [], room.tokens)

    words = [statement(examples, sign, case) for case in cases]
    edit = {"told": words, **sweep.told_apart(split, sign, cases)}
    return _told(sweep, split, sign, room.read(split, cases, edit, said))


def _told(sweep: Sweep, split: Asked, sign: Sign, after: Sequence[Reading]) -> list[Told]:
    of = {c: frozenset({c, *sweep.pictures[split].members(c)}) for c in sweep.concepts}
    cases, before = sweep.cases(split), unedited(sweep, split, sign)
    return [
        Told(case, sign, of[case.concept], b, a)
        for case, b, a in zip(cases, before, after, strict=True)
    ]


def effects(told: Sequence[Told]) -> Float[np.ndarray, " n"]:
    """Of every case."""
    return np.array([each.effect for each in told])


def parsed(told: Sequence[Told]) -> float:
    """Share of answers that can be read."""
    return float(np.mean([each.after.parsed for each in told]))


def kept(told: Sequence[Told]) -> float:
    """Other things still named over those named before; 1 where there were none."""
    others = sum(len(each.others) for each in told)
    return sum(len(each.kept) for each in told) / others if others else 1.0
