"""From `--checkpoint` to methods that a run takes like any other."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from benchmark.interchange.imported import Imported
from benchmark.interchange.sources import opened
from benchmark.interchange.words import Words, words_of
from benchmark.registry import Choice, catalogue
from benchmark.sources import Entry

SUMMARY = "Imported: a dictionary that was fitted elsewhere."


def checkpoint_rows(
    flags: Sequence[Sequence[str]], asked: str, taken: Sequence[str]
) -> tuple[list[Choice], dict[str, str]]:
    """A choice for each `--checkpoint`, and what its words set, as `--set` has it.

    `taken` are names of the run's other rows. Raises ValueError, one line, for anything wrong.
    """
    choices: list[Choice] = []
    sets: dict[str, str] = {}
    ours = {name for entry in catalogue("method").values() for name in entry.names}
    for said in flags:
        words = words_of(said, asked)
        there = {*taken, *ours, *(choice.name for choice in choices)}
        if words.name in there:
            raise ValueError(
                f"--checkpoint {' '.join(said)}: its row would be called {words.name}, as another "
                "is: say name=OTHER"
            )
        choices.append(choice_of(words))
        sets |= {f"{words.name}.{key}": value for key, value in words.sets.items()}
    return choices, sets


def choice_of(words: Words) -> Choice:
    """The method of one row. Its checkpoints are read; its code is known by what they hold."""
    sources = opened(words)
    made = type("Imported", (Imported,), {"sources": sources, "__doc__": Imported.__doc__})
    made.__module__ = Imported.__module__
    return Choice(
        Entry(
            kind="method",
            name=words.name,
            path=next(iter(sources.opened.values())).found.weights.resolve(),
            class_name="Imported",
            summary=SUMMARY,
            needs=(),
            digest=hashlib.sha256(f"checkpoint:{sources.sha256}".encode()).hexdigest(),
            made=made,
        )
    )
