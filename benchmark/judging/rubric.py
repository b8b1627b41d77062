"""What a model is asked about an edit, and how its choice is read: one letter of three."""

from __future__ import annotations

import re

from benchmark.contracts import Answered
from benchmark.judging.sheets import Sheet

LETTERS = ("A", "B", "C")
SCORES = {"A": 2, "B": 1, "C": 0}
"""The verdict that each letter stands for."""
RUBRIC = """A model looked at a picture and was asked: "{question}"
Its answer was: "{before}"
Then the model was changed so that it should {wanted} and see all else as before. Its answer now is:
"{after}"
Did the change work? Judge by the two answers. Other words for the same thing count as that thing.
A: {done}, and the second answer says everything else that the first one says, and nothing more
B: {done}, but something else was lost or added; at least half of the other things are still there
C: anything else: {undone}, most other things are lost, or the second answer makes no sense
Answer with one letter: A, B or C."""
SHOWS = "Does the picture show {thing}? Answer yes or no."
CHOSEN = re.compile(r"(?<![A-Za-z])([ABC])(?![A-Za-z])")


def asked(sheet: Sheet, case: Answered) -> str:
    """The question about one case."""
    target = sheet.name(case.target)
    if case.new is None:
        wanted, done = f"no longer see the {target}", f"the {target} is no longer mentioned"
        undone = f"the {target} is still mentioned"
    else:
        new = sheet.name(case.new)
        wanted = f"see {with_article(new)} in the place of the {target}"
        done = f"the {target} is no longer mentioned and the {new} is"
        undone = f"the {target} is still mentioned or the {new} is not"
    return RUBRIC.format(
        question=sheet.of.question,
        before=case.before,
        after=case.after or "",
        wanted=wanted,
        done=done,
        undone=undone,
    )


def chosen(reply: str) -> int | None:
    """The verdict of a reply in words; None where it names no letter, or several."""
    found = set(CHOSEN.findall(reply))
    return SCORES[found.pop()] if len(found) == 1 else None


def with_article(name: str) -> str:
    """A name after "a" or "an"."""
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
