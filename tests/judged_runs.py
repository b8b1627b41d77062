"""A results folder with answers written by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from benchmark.contracts import Answered, Transcript
from benchmark.results import write_cell
from benchmark.run.answers import write_answers
from tests.records import cell

NAMES = (("cat", "kitten"), ("dog",), ("cow",), ("red",))
CAT, DOG, COW = range(3)


def answered(i: int = 0, **changes: Any) -> Answered:
    """A cat that is gone from the answer, all else as it was."""
    facts: dict[str, Any] = {
        "picture": f"picture {i}",
        "row": i,
        "target": CAT,
        "new": None,
        "truth": (CAT, DOG),
        "captions": ("a kitten and a dog", "a dog"),
        "before": "cat, dog",
        "after": "dog",
        "eligible": True,
        "score": 2,
        "why": "",
    }
    return Answered(**facts | changes)


def mixed() -> tuple[Answered, ...]:
    """Every verdict, a case without a latent, one that is not eligible, one without a caption."""
    return (
        answered(0),
        answered(1, after="cat, dog", score=0, why="still named"),
        answered(2, after="dog, cow", score=1, why="invented"),
        answered(3, after=None, score=0, why="no latent"),
        answered(4, before="dog", eligible=False, score=0, why="not named"),
        answered(5, captions=()),
        answered(6, captions=("a dog",)),
        answered(7, new=COW, after="cow, dog"),
    )


def transcript(cases: tuple[Answered, ...] | None = None) -> Transcript:
    """Answers to one question."""
    chosen = mixed() if cases is None else cases
    return Transcript("list them", NAMES, (), None, "latents named by text", 0.5, chosen)


def judged_run(folder: Path, of: Transcript | None = None, **facts: Any) -> Path:
    """A run of one cell with its answers."""
    record = cell(**{"task": "object_removal", "backend": "pocket-llava"} | facts)
    write_cell(folder / "cells", record)
    write_answers(folder / "answers" / f"{record.key}.jsonl", of or transcript())
    return folder
