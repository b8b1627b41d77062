"""Partners exchanged: text latents trade places in the map, codes and directions stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Int

from benchmark.audit.levels import Point
from benchmark.audit.places import order
from benchmark.contracts import MODALITIES, Subject
from benchmark.references.changes import inheriting
from benchmark.references.sides import Moved


def shuffled(subject: Subject, point: Point) -> Subject:
    """A share of the pairs gets another text latent each, none its own.

    Raises ValueError where fewer than two latents have a partner.
    """
    target = torch.from_numpy(exchange(subject, point))
    artifact = replace(subject.artifact, dictionary=Moved(subject.dictionary, target))
    return inheriting(subject, ("native",), artifact=artifact, siblings=())


def exchange(subject: Subject, point: Point) -> Int[np.ndarray, " w"]:
    """Where the text latent of each coordinate goes: one cycle through those that are chosen."""
    present = [subject.dictionary.directions(m).cpu().any(1).numpy() for m in MODALITIES]
    paired = np.flatnonzero(present[0] & present[1])
    if len(paired) < 2:
        raise ValueError(f"{len(paired)} latents have a partner: an exchange wants two or more")
    picked = order(paired, point)
    if len(picked) == 1:
        picked = order(paired, replace(point, level=2 / len(paired)))
    places = np.arange(subject.dictionary.width)
    places[picked] = np.roll(picked, -1)
    return places
