"""A fitted artifact before its judges: what a run scores, and what else scores as runs do."""

from __future__ import annotations

import torch

from benchmark.contracts import Artifact, Subject
from benchmark.run.materials import Materials
from benchmark.run.shelf import Shelf


def judged(
    artifact: Artifact,
    seen: Materials,
    shelf: Shelf,
    *,
    seed: int,
    siblings: tuple[Artifact, ...] = (),
) -> Subject:
    """An artifact on the activations of some materials; `siblings` are of the other seeds."""
    request = seen.request
    return Subject(
        artifact=artifact,
        train=seen.split("train"),
        val=seen.split("val"),
        test=seen.split(request.split),
        seed=seed,
        backend=seen.backend,
        examples=seen.examples,
        taken_off=seen.taken_off,
        recall=shelf.recall(seen),
        planted=seen.data.planted,
        siblings=siblings,
        device=torch.device(request.device),
        batch_size=request.batch_size,
    )
