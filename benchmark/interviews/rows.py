"""Rows of train that show each thing, and how their mean differs from that of all rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts import Annotated, Subject
from benchmark.metrics.localizing import grid_of

LEAST = 5
"""Rows that show a thing before their mean says anything."""
Rows = Mapping[int, Int[np.ndarray, " r"]]


def rows_of(subject: Subject, examples: Annotated, things: Sequence[int]) -> Rows:
    """Tokens on each thing; the pictures that have it where a picture is one row."""
    train = subject.train
    if len(train.image) == train.n_images:
        return showing(train.labels("image"), things)
    grid = grid_of(subject)
    n = grid[0] * grid[1]
    found: dict[int, list[int]] = {}
    for i in range(train.n_images):
        for thing in examples.things(i):
            found.setdefault(thing.concept, []).extend(i * n + p for p in thing.patches(grid))
    return {concept: np.array(at, dtype=np.int64) for concept, at in found.items()}


def showing(present: Bool[np.ndarray, "n c"], things: Sequence[int]) -> Rows:
    """The pictures that have each thing."""
    return {c: np.flatnonzero(present[:, c]) for c in things}


def mean_differences(image: Float[Tensor, "r d"], rows: Rows) -> dict[int, Float[Tensor, " d"]]:
    """Mean over the rows of each thing less the mean of all, where they are enough."""
    centre = image.mean(0, dtype=torch.float64).float().cpu()
    enough = {
        c: torch.from_numpy(at).to(image.device) for c, at in rows.items() if len(at) >= LEAST
    }
    return {c: image[at].mean(0).cpu() - centre for c, at in enough.items()}
