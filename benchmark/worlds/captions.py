"""Five true captions of a scene, one of them full; and their false twins."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from benchmark.worlds.claims import Claim, Slot, holds
from benchmark.worlds.drafts import Draft, Phrase, pick, write
from benchmark.worlds.templates import EMPTY, FULL, PARTIAL

CAPTIONS_PER_SCENE = 5
Swap = Literal["colour", "position"]


@dataclass(frozen=True)
class Caption:
    """A true caption: its text, what it asserts, and whether it gives every detail of the scene."""

    text: str
    claim: Claim
    full: bool
    draft: Draft


def captions(rng: random.Random, slots: Sequence[Slot], background: int) -> tuple[Caption, ...]:
    """Five different captions of a scene, exactly one of them full, at a random place."""
    at = int(rng.random() * CAPTIONS_PER_SCENE)
    found: list[Caption] = []
    texts: set[str] = set()
    while len(found) < CAPTIONS_PER_SCENE:
        full = len(found) == at
        pool = (FULL if full else PARTIAL) if slots else EMPTY
        template = pick(rng, pool)
        draft = write(rng, template, slots, background)
        if draft is None or (full and not template.background) or draft.text() in texts:
            continue
        if full and not (slots or template.exact):
            continue
        texts.add(draft.text())
        found.append(Caption(draft.text(), draft.claim(), full, draft))
    return tuple(found)


def false_twins(
    caption: Caption, slots: Sequence[Slot], background: int
) -> list[tuple[str, Claim, Swap]]:
    """The caption with two colours, and with two positions, swapped: only where that is false."""
    draft = caption.draft
    if len(draft.phrases) < 2:
        return []
    first, second, *rest = draft.phrases
    twins: list[tuple[str, Claim, Swap]] = []
    swaps: tuple[tuple[Swap, tuple[Phrase, Phrase]], ...]
    swaps = (("colour", _recoloured(first, second)), ("position", _moved(draft)))
    for kind, pair in swaps:
        twin = replace(draft, phrases=(*pair, *rest))
        if twin.text() != caption.text and not holds(twin.claim(), slots, background):
            twins.append((twin.text(), twin.claim(), kind))
    return twins


def _recoloured(first: Phrase, second: Phrase) -> tuple[Phrase, Phrase]:
    """Each in the other's colour."""
    return (
        replace(first, colour_word=second.colour_word, colour=second.colour),
        replace(second, colour_word=first.colour_word, colour=first.colour),
    )


def _moved(draft: Draft) -> tuple[Phrase, Phrase]:
    """The first two, each at the other's place, or with their relation turned round."""
    first, second = draft.phrases[:2]
    if draft.relation is not None:
        return second, first
    return (
        replace(first, place=second.place, cells=second.cells),
        replace(second, place=first.place, cells=first.cells),
    )
