"""Which way to push for a concept: the decoder direction of its latent, or what stands against it.

All directions have unit length, in the units of the activations.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Editable, Subject, thing_concepts
from benchmark.metrics.localizing import grid_of, latents_of_things
from benchmark.metrics.naming import names_of

Directions = Mapping[int, Float[Tensor, " d"]]
"""A unit vector for each concept that has one."""
LEAST = 5
"""Rows of train that show a concept before a mean of them is a direction."""


def named_directions(subject: Subject, examples: Editable) -> Directions:
    """Decoder directions of the latents that text named after things; none without length."""
    latents = latents_of_things(names_of(subject), examples)
    rows = subject.dictionary.directions("image").detach().cpu().float()
    return _unit({concept: rows[latent] for concept, latent in latents.items()})


def means(subject: Subject, examples: Editable) -> Directions:
    """Difference of means on train: rows that show a thing less all rows.

    At a site of tokens these are the tokens on the thing, else the pictures that have it.
    """
    train = subject.train
    rows, centre = train.image.cpu(), train.image.mean(0, dtype=torch.float64).float().cpu()
    if len(rows) == train.n_images:
        assert train.concepts is not None
        shown = {c: np.flatnonzero(train.concepts.image[:, c]) for c in thing_concepts(examples)}
    else:
        shown = _tokens_of(examples, train.n_images, grid_of(subject))
    enough = {c: torch.from_numpy(at) for c, at in shown.items() if len(at) >= LEAST}
    return _unit({c: rows[at].mean(0) - centre for c, at in enough.items()})


def _tokens_of(examples: Editable, pictures: int, grid: tuple[int, int]) -> dict[int, np.ndarray]:
    """Rows of train on each thing."""
    n = grid[0] * grid[1]
    found: dict[int, list[int]] = {}
    for i in range(pictures):
        for thing in examples.things(i):
            found.setdefault(thing.concept, []).extend(i * n + p for p in thing.patches(grid))
    return {concept: np.array(at, dtype=np.int64) for concept, at in found.items()}


def at_random(d: int, concepts: int, rng: np.random.Generator) -> Directions:
    """A random direction for each concept."""
    drawn = torch.from_numpy(rng.standard_normal((concepts, d))).float()
    return _unit(dict(enumerate(drawn)))


def of_others(directions: Directions, rng: np.random.Generator) -> Directions:
    """Every concept gets the direction of another one."""
    order = list(directions)
    turn = rng.permutation(len(order))
    after = dict(zip(turn.tolist(), np.roll(turn, 1).tolist(), strict=True))
    return {concept: directions[order[after[i]]] for i, concept in enumerate(order)}


def _unit(found: Mapping[int, Tensor]) -> Directions:
    lengths = {concept: float(row.norm()) for concept, row in found.items()}
    return {c: row / lengths[c] for c, row in found.items() if lengths[c] > 0}
