"""One fit under watch: what it was given, what it left, and what it touched on the way."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.conformance.tiny_world import World, world
from benchmark.contracts import Artifact, Concepts, Modality, Need, PairedActivations
from benchmark.registry import Choice

UNAVAILABLE = frozenset({Need.PLACES, Need.EDITS, Need.GENERATION, Need.PROJECTOR, Need.TOKENS})
"""What the tiny world cannot offer."""
States = dict[str, Any]


@dataclass(eq=False)
class Run:
    """A fit on a world of its own. `before` is how that world was."""

    artifact: Artifact
    given: World
    before: World
    drew: tuple[str, ...]
    """Global random generators that moved."""
    after: States
    """Their states when the fit returned."""


def run(method: Any, on: World, *, seed: int, noise: int, may_see: frozenset[Need]) -> Run:
    """Fits once; `noise` sets the global generators, which must not matter."""
    given, before = on.copy(), on.copy()
    data = given.training_data(may_see, seed)
    given.seen.clear()
    kept = states()
    try:
        random.seed(noise)
        np.random.seed(noise)
        torch.manual_seed(noise)
        start = states()
        artifact = method.fit(data)
        after = states()
    finally:
        restore(kept)
    moved = tuple(name for name in start if not same_state(start[name], after[name]))
    return Run(artifact, given, before, moved, after)


def states() -> States:
    """States of the global random generators."""
    return {
        "random": random.getstate(),
        "numpy": np.random.get_state(),
        "torch": torch.get_rng_state(),
    }


def restore(kept: States) -> None:
    random.setstate(kept["random"])
    np.random.set_state(kept["numpy"])
    torch.set_rng_state(kept["torch"])


def same_state(a: Any, b: Any) -> bool:
    if isinstance(a, Tensor):
        return torch.equal(a, b)
    return all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def changed(now: PairedActivations, before: PairedActivations) -> Iterator[str]:
    """Names of the fields that are not what they were."""
    for f in fields(PairedActivations):
        a, b = getattr(now, f.name), getattr(before, f.name)
        if isinstance(a, Tensor) and isinstance(b, Tensor):
            same = torch.equal(a, b)
        elif isinstance(a, Concepts) and isinstance(b, Concepts):
            same = np.array_equal(a.image, b.image) and np.array_equal(a.text, b.text)
        else:
            same = True
        if not same:
            yield f.name


@dataclass(eq=False)
class MethodCase:
    """A method with its fits, each made when it is first asked for."""

    choice: Choice
    method: Any
    runs: dict[str, Run] = field(default_factory=dict)

    @property
    def path(self) -> Path:
        return self.choice.entry.path

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(self.method.needs)

    def run(self, name: str) -> Run:
        """A fit: `first`, `again` (only the global generators differ), `seed`, `data`, `widths`."""
        if name not in self.runs:
            on = world(
                1 if name == "data" else 0,
                equal_widths=name != "widths",
            )
            self.runs[name] = run(
                self.method,
                on,
                seed=1 if name == "seed" else 0,
                noise={"first": 11, "again": 22}.get(name, 33),
                may_see=self.needs,
            )
        return self.runs[name]

    @property
    def artifact(self) -> Artifact:
        return self.run("first").artifact

    @property
    def dictionary(self) -> Any:
        return self.artifact.dictionary

    def x(self, modality: Modality, name: str = "first") -> Tensor:
        """Unseen rows, in memory of their own."""
        return world(equal_widths=name != "widths").splits["test"].rows(modality).clone()[:96]

    def codes(self, modality: Modality, name: str = "first") -> Any:
        """Native codes of the unseen rows."""
        return self.run(name).artifact.dictionary.encode(self.x(modality, name), modality)
