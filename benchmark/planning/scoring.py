"""Seconds to score one cell, and to encode the rows of a fit."""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.contracts import Method
from benchmark.planning.examples import Material
from benchmark.planning.fitting import recipe_of
from benchmark.planning.outline import Outline
from benchmark.planning.rates import MEASURED_AT, Rate
from benchmark.planning.reading import EFFICIENCY
from benchmark.planning.works import LATENTS, TASKS, UNKNOWN

TWICE = 1.6
"""Codes of more than k latents are scored twice, once cut to k."""
TRUNCATED = "dense"
ENCODE, ROW_S = 2.2, 4e-6
"""To encode a row: products of latents x width that it takes in all, and what is done beside them,
its reconstruction, pooling and error among it."""


@dataclass(frozen=True)
class Scoring:
    """One cell: its seconds, and whether the table knows its task."""

    seconds: float
    known: bool


def ways(name: str, method: Method) -> int:
    """In how many ways codes are scored: also cut to k, where more latents may be active."""
    cut = recipe_of(name, method).kind == TRUNCATED and bool(getattr(method, "steps", 0))
    return 2 if cut else 1


def encoding(each: float, rows: float, rate: Rate) -> float:
    """Seconds to encode the rows of all splits once; `each` operations of a row's products."""
    return rows * (ENCODE * each / rate.single + ROW_S * MEASURED_AT / rate.processor)


def scoring(
    task: str,
    name: str,
    method: Method,
    outline: Outline,
    found: Material,
    split: str,
    rate: Rate,
    blocks: int = 1,
    *,
    tokens: bool = False,
    again: bool = False,
) -> Scoring:
    """One task on one method; `blocks` that are swept together, 1 where none are.

    `tokens`: rows are tokens and examples have many of them. `again`: another method of the run is
    scored before, and with it what all have in common.
    """
    work, counts = TASKS.get(task, UNKNOWN), found.of(split)
    if work.joint and outline.decodes:
        return Scoring(0.0, known=True)
    latents = float(getattr(method, "n_latents", 0) or LATENTS)
    once = work.seconds(counts, found.of("train"), latents, tokens=tokens)
    times = TWICE if ways(name, method) > 1 else 1.0
    own = 1 - work.common if again else 1.0
    seconds = once * own * times * MEASURED_AT / rate.processor
    if work.answers and outline.decodes and outline.words is not None:
        prompt = outline.prompt_tokens + outline.frame_tokens + 10
        flops = work.answers * blocks * outline.words.flops(prompt)
        seconds += flops / (rate.of(outline.dtype) * EFFICIENCY[rate.kind])
    return Scoring(seconds, task in TASKS)
