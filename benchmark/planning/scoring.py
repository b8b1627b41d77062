"""Seconds to score a task: a small table of measured work that scales with what is scored."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.contracts import Method
from benchmark.planning.examples import Counts
from benchmark.planning.fitting import recipe_of
from benchmark.planning.outline import Outline
from benchmark.planning.rates import Rate
from benchmark.planning.reading import EFFICIENCY

MEASURED_AT = 1.5e11
"""Operations a second of one thread of the machine that the table was measured on."""
EXAMPLES, PAIRS, CONCEPTS = 12_000, 2e7, 66
"""Examples, pairs of picture and caption, and concepts of what it was measured on: the test split
of the pocket world."""
TWICE = 1.6
"""Codes of more than k latents are scored twice, once cut to k."""
TRUNCATED = "dense"


@dataclass(frozen=True)
class Work:
    """Seconds of a task: fixed, with the examples, with their pairs, with answers of a model."""

    fixed: float = 0.0
    examples: float = 0.0
    pairs: float = 0.0
    by_concept: float = 0.0
    """Power of the number of concepts with which the part of the examples grows."""
    answers: float = 0.0
    """Passes of the whole model over a picture and its prompt, a block where blocks are swept."""


TASKS: dict[str, Work] = {
    "reconstruction": Work(0.9, 1.3),
    "retrieval": Work(0.05, 0.25, 3.5),
    "modality_split": Work(0.1, 2.4, by_concept=0.5),
    "monosemanticity": Work(0.3, 5.7),
    "concept_steering": Work(0.45, 2.6, by_concept=1.0),
    "layer_probe": Work(0.1, 5.2),
    "matching_rate": Work(0.05, 0.4),
    "zero_shot": Work(0.1),
    "stability": Work(0.5, 23.0),
    "ground_truth": Work(4.6),
    "localization": Work(0.5, 8.0),
    "object_removal": Work(2.0, 0, answers=15_000),
    "object_replacement": Work(2.0, 0, answers=15_000),
    "steering_asymmetry": Work(2.0, 0, answers=11_000),
}
"""By file name, for a dictionary of 2,048 latents at width 128."""
UNKNOWN = Work(1.0, 4.0)
"""Of a task that is not in the table."""


@dataclass(frozen=True)
class Scoring:
    """One cell: its seconds, and whether the table knows its task."""

    seconds: float
    known: bool


def scoring(
    task: str, name: str, method: Method, outline: Outline, counts: Counts, rate: Rate, blocks: int
) -> Scoring:
    """One task on one method; `blocks` that are swept together, 1 where none are."""
    work = TASKS.get(task, UNKNOWN)
    n = (counts.images + counts.captions) / EXAMPLES
    pairs = counts.images * counts.captions / PAIRS
    concepts = (max(counts.concepts, 1) / CONCEPTS) ** work.by_concept
    spent = work.fixed + work.examples * n * concepts + work.pairs * pairs
    dense = recipe_of(name, method).kind == TRUNCATED and bool(getattr(method, "steps", 0))
    seconds = spent * (TWICE if dense else 1.0) * MEASURED_AT / _processor(rate)
    if work.answers and outline.decodes and outline.words is not None:
        tokens = outline.prompt_tokens + outline.frame_tokens + 10
        flops = work.answers * blocks * outline.words.flops(tokens)
        seconds += flops / (rate.of(outline.dtype) * EFFICIENCY[rate.kind])
    return Scoring(seconds, task in TASKS)


def _processor(rate: Rate) -> float:
    """What scores on the processor: of a machine that is not here, one like that of the table."""
    return rate.one_thread if rate.kind == "cpu" else MEASURED_AT
