"""Which way to push for a concept: the decoder direction of its latent, or what stands against it.

All directions have unit length, in the units of the activations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Subject
from benchmark.metrics.localizing import latents_of_things
from benchmark.metrics.naming import names_by_labels, names_of

Directions = Mapping[int, Float[Tensor, " d"]]
"""A unit vector for each concept that has one."""


def named_directions(
    subject: Subject, things: Sequence[int], *, by_labels: bool = False
) -> Directions:
    """Decoder directions of the latents that text (or labels of pictures) named after things.

    None without length.
    """
    names = names_by_labels(subject) if by_labels else names_of(subject)
    latents = latents_of_things(names, things)
    rows = subject.dictionary.directions("image").detach().cpu().float()
    return unit({concept: rows[latent] for concept, latent in latents.items()})


def at_random(d: int, things: Sequence[int], rng: np.random.Generator) -> Directions:
    """A random direction for each concept."""
    drawn = torch.from_numpy(rng.standard_normal((len(things), d))).float()
    return unit(dict(zip(things, drawn, strict=True)))


def of_others(directions: Directions, rng: np.random.Generator) -> Directions:
    """Every concept gets the direction of another one; nothing where there is no other."""
    order = list(directions)
    if len(order) < 2:
        return {}
    turn = rng.permutation(len(order))
    after = dict(zip(turn.tolist(), np.roll(turn, 1).tolist(), strict=True))
    return {concept: directions[order[after[i]]] for i, concept in enumerate(order)}


def unit(found: Mapping[int, Tensor]) -> Directions:
    """Each of length 1; those without length are left out."""
    lengths = {concept: float(row.norm()) for concept, row in found.items()}
    return {c: row / lengths[c] for c, row in found.items() if lengths[c] > 0}
