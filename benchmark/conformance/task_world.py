"""What a task is held against: a good dictionary of the tiny world, and changed versions of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.conformance.fit_runs import restore, states
from benchmark.conformance.tiny_world import SITE, World, world
from benchmark.contracts import (
    Artifact,
    Need,
    PairedActivations,
    Subject,
    Units,
    derived_seed,
)
from benchmark.registry import Choice
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Matched

K = 4
ABSENT = frozenset(
    {Need.PLACES, Need.EDITS, Need.GENERATION, Need.PROJECTOR, Need.TOKENS, Need.PATCH}
)
OFFERED = frozenset(Need) - ABSENT
"""What the tiny world has, for tasks and references."""


def tower(atoms: Float[Tensor, "m d"], mean: Float[Tensor, " d"], scale: float) -> Tower:
    """TopK codes by correlation with the atoms."""
    bias = torch.full((len(atoms),), -0.25)
    return Tower(atoms.T.contiguous(), bias, atoms, mean * scale, scale, "topk", K)


def artifact(on: World, *, seed: int = 0, factor: float = 1.0) -> Artifact:
    """The planted dictionary a little turned, with a few dead and a few unmatched latents.

    `factor` says how much larger the rows are that it reads: codes stay what they are.
    """
    assert on.planted is not None
    generator = torch.Generator().manual_seed(derived_seed("turned atoms", seed))
    towers = []
    for modality, atoms in (("image", on.planted.image_atoms), ("text", on.planted.text_atoms)):
        turned = atoms + 0.1 * torch.randn(atoms.shape, generator=generator)
        dead = -on.splits["train"].rows(modality).mean(0).expand(2, -1)  # type: ignore[arg-type]
        every = normalize(torch.cat([turned, dead]), dim=1)
        towers.append(tower(every, torch.zeros(atoms.shape[1]), 1 / factor))
    image_of = torch.full((len(towers[1].W_dec),), -1)
    image_of[: on.planted.n_shared] = torch.arange(on.planted.n_shared)
    frame = Matched(len(towers[0].W_dec), image_of)
    return Artifact(Paired(towers[0], towers[1], frame), SITE, k=K)


def subject(on: World | None = None, *, factor: float = 1.0, seed: int = 0) -> Subject:
    """A fitted method before its judges, in memory of its own; rows `factor` times as large."""
    given = (on or world()).copy()
    splits = {name: scaled(rows, factor) for name, rows in given.splits.items()}
    return Subject(
        artifact=artifact(given, seed=seed, factor=factor),
        train=splits["train"],
        val=splits["val"],
        test=splits["test"],
        seed=0,
        backend=given.backend,
        planted=given.planted,
        siblings=(artifact(given, seed=seed + 1, factor=factor),),
    )


def scaled(rows: PairedActivations, factor: float) -> PairedActivations:
    """The same activations in other units."""
    if factor == 1.0:
        return rows
    false = None if rows.negatives is None else rows.negatives * factor
    return replace(rows, image=rows.image * factor, text=rows.text * factor, negatives=false)


def elsewhere(of: Subject) -> Subject:
    """The same subject with other train and val rows: other concept names, two latents dead."""
    other = world(1, roll=3)
    assert other.planted is not None
    parts = {"image": other.planted.image_atoms[:2], "text": other.planted.text_atoms[:2]}

    def without(rows: PairedActivations) -> PairedActivations:
        left = {m: rows.rows(m) - rows.rows(m) @ a.T @ a for m, a in parts.items()}  # type: ignore[arg-type]
        return replace(rows, image=left["image"], text=left["text"])

    return of.with_(train=without(other.splits["train"]), val=without(other.splits["val"]))


def mute(of: Subject) -> Subject:
    """The same subject with a dictionary whose latents never fire."""
    ours: Any = of.artifact.dictionary
    silenced = {
        modality: replace(t, b_enc=torch.full_like(t.b_enc, -1e9))
        for modality, t in (("image", ours.image), ("text", ours.text))
    }
    return of.with_(
        artifact=replace(of.artifact, dictionary=replace(ours, **silenced)), siblings=()
    )


Scores = Mapping[str, Units]


def scored(task: Any, on: Subject, noise: int = 5) -> Scores:
    """A task's units; `noise` sets the global generators, which must not matter."""
    kept = states()
    try:
        np.random.seed(noise)
        torch.manual_seed(noise)
        return task.score(on)
    finally:
        restore(kept)


def value(units: Units) -> float:
    """The score that units add up to."""
    if units.value is not None:
        return float(units.value(np.ones(len(units.numerator))))
    denominator = len(units.numerator) if units.denominator is None else units.denominator.sum()
    return float(units.numerator.sum() / denominator)


@dataclass(eq=False)
class TaskCase:
    """A task and its scores on the tiny world, each made when first asked for."""

    choice: Choice
    task: Any
    kept: dict[str, Scores] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.choice.entry.path

    @property
    def main(self) -> str:
        return next(metric.name for metric in self.task.metrics if metric.main)

    @cached_property
    def scores(self) -> Scores:
        return scored(self.task, subject())

    @cached_property
    def values(self) -> dict[str, float]:
        return {name: value(units) for name, units in self.scores.items()}

    def moved(self, on: Subject) -> Iterator[tuple[str, float, float]]:
        """(metric, value, value on a changed subject) for every metric of either."""
        again = {name: value(units) for name, units in scored(self.task, on).items()}
        for name in sorted(self.values.keys() | again.keys()):
            yield name, self.values.get(name, np.nan), again.get(name, np.nan)
