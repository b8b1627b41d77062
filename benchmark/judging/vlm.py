"""A local vision-language model as judge: it never writes, the likelier of given words is taken.

    choice = argmax over options of the largest logit among the tokens that begin one

at the first place of its answer, so equal inputs give equal verdicts. Any model of transformers'
AutoModelForImageTextToText, opened as backends are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import torch

from benchmark.contracts import Speaker
from benchmark.judging.opinions import Opinions
from benchmark.judging.pictures import Gallery
from benchmark.judging.rubric import LETTERS, SCORES, SHOWS, asked, with_article
from benchmark.judging.sheets import Sheet

AT_ONCE = 16
YES_NO = (("yes", "Yes"), ("no", "No"))


@dataclass(frozen=True, eq=False)
class VlmJudge:
    """Judges edits by the letter that a model would begin its answer with."""

    name: str
    speaker: Speaker
    gallery: Gallery = field(default_factory=Gallery)
    letters: tuple[str, ...] = LETTERS
    """Words for A, B and C, where a model has no such tokens."""

    def opinions(self, sheet: Sheet) -> Opinions:
        """Pictures are shown where they are at hand, else it judges by the words alone."""
        pictures = self.gallery.of(sheet.cell, sheet.judged)
        prompts = [asked(sheet, case) for case in sheet.judged]
        options = [(letter,) for letter in self.letters]
        found = chosen_of(self.speaker, pictures, prompts, options)
        scores = tuple(SCORES[LETTERS[i]] for i in found)
        return Opinions(scores, ("",) * len(scores))

    def shows(self, pictures: Sequence[Any], things: Sequence[str]) -> list[bool]:
        """Whether each picture shows the thing in its place, by yes or no."""
        prompts = [SHOWS.format(thing=with_article(thing)) for thing in things]
        return [i == 0 for i in chosen_of(self.speaker, pictures, prompts, YES_NO)]


def chosen_of(
    speaker: Speaker,
    pictures: Sequence[Any] | None,
    prompts: Sequence[str],
    options: Sequence[Sequence[str]],
) -> list[int]:
    """The place of the likeliest option after each prompt; of equal ones the last.

    Raises ValueError, one line, where the model cannot begin an answer with one of the options, or
    begins two of them alike.
    """
    tokens = [_tokens(speaker, option) for option in options]
    if len({t for own in tokens for t in own}) < sum(map(len, tokens)):
        raise ValueError(
            f"{speaker.name} begins {', '.join(o[0] for o in options)} with the same token: it "
            "cannot choose between them"
        )
    found: list[int] = []
    for i in range(0, len(prompts), AT_ONCE):
        shown = None if pictures is None else pictures[i : i + AT_ONCE]
        logits = speaker.next_logits(speaker.ask(shown, prompts[i : i + AT_ONCE]))
        best = torch.stack([logits[:, own].amax(1) for own in tokens], dim=1).flip(1)
        found += (len(options) - 1 - best.argmax(1)).tolist()
    return found


def _tokens(speaker: Speaker, option: Sequence[str]) -> list[int]:
    """Tokens that begin one of the words of an option, those that the model has."""
    found, said = set(), ""
    for word in option:
        try:
            found.add(speaker.word_id(word))
        except ValueError as error:
            said = str(error)
    if not found:
        raise ValueError(said)
    return sorted(found)
