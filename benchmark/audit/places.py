"""Which latents stand where: the coordinates of the aligned frame, and a nested order of them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from jaxtyping import Bool, Int
from torch import Tensor

from benchmark.audit.levels import Point, count
from benchmark.contracts import MODALITIES, Modality, SparseCodes, Subject, derived_seed

Chosen = Mapping[Modality, Bool[Tensor, " m"]]
"""Of each modality's own latents those that a level degrades."""


def generator(point: Point, *names: str) -> torch.Generator:
    """Randomness of one draw, the same at every level of it: what a level draws, the next keeps."""
    seed = derived_seed("audit", point.degradation, point.draw, *names)
    return torch.Generator().manual_seed(seed)


def places(subject: Subject, modality: Modality) -> Int[Tensor, " m"]:
    """Aligned coordinate of each native latent. Raises ValueError where a frame mixes them."""
    dictionary = subject.dictionary
    m = dictionary.encode(subject.train.rows(modality)[:1], modality).width
    each = SparseCodes(torch.ones(m, 1), torch.arange(m)[:, None], m)
    found = dictionary.align(each, modality)
    if found.indices is None:
        raise ValueError(
            f"{type(dictionary).__name__} has a dense map: wanted one that moves latents to "
            "coordinates, so that single ones can be degraded"
        )
    return found.indices[:, -1]


def order(coordinates: Int[np.ndarray, " n"], point: Point) -> Int[np.ndarray, " k"]:
    """The coordinates that a level degrades: the first of one random order, which a draw keeps."""
    seed = derived_seed("audit", point.degradation, point.draw, "order")
    drawn = np.random.default_rng(seed).permutation(coordinates)
    return drawn[: count(point.level, len(drawn))]


def chosen(subject: Subject, point: Point) -> Chosen:
    """The share of latents that a level degrades; both sides of a matched pair go together."""
    of = {modality: places(subject, modality) for modality in MODALITIES}
    present = np.unique(torch.cat(list(of.values())).numpy())
    picked = torch.from_numpy(order(present, point))
    return {modality: torch.isin(found, picked) for modality, found in of.items()}
