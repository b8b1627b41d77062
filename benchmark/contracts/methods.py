"""What is fitted, on what, and with how much."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol, runtime_checkable

import torch
from torch import Tensor

from benchmark.contracts.backends import Backend
from benchmark.contracts.codes import Artifact
from benchmark.contracts.data import PairedActivations, Planted, Site
from benchmark.contracts.needs import Need, Progress, derived_seed, silent


@dataclass(frozen=True)
class Budget:
    """What every trained method may spend; equal for all, so that rows differ by method alone.

    `n_latents` counts both modalities: a shared dictionary has them all, two towers half each.
    """

    n_latents: int = 2048
    k: int = 16
    steps: int = 1000
    batch_size: int = 256
    lr: float = 4e-3

    def __post_init__(self) -> None:
        for name in ("n_latents", "k", "steps", "batch_size", "lr"):
            if not getattr(self, name) > 0:
                raise ValueError(f"{name} is {getattr(self, name)}, wanted a positive number")
        if self.n_latents % 2:
            raise ValueError(f"n_latents is {self.n_latents}, wanted an even number: two halves")
        if self.k > self.n_latents // 2:
            raise ValueError(f"k is {self.k}, wanted at most n_latents / 2 = {self.n_latents // 2}")


Made = Mapping[str, Tensor]


class Memo(Protocol):
    """Keeps what several fits share, as a projector that serves every site."""

    def __call__(self, name: str, of: Mapping[str, Any], make: Callable[[], Made]) -> Made:
        """What `make` returns, made once for all that agree in backend, data, seed and code.

        `of` is whatever else it depends on, in values that JSON has.
        """
        ...


def unshared(name: str, of: Mapping[str, Any], make: Callable[[], Made]) -> Made:
    """A memo that keeps nothing."""
    del name, of
    return make()


@dataclass(frozen=True, eq=False)
class TrainingData:
    """All that a method sees: train to fit, val to choose. Labels only if it says it needs them."""

    train: PairedActivations
    val: PairedActivations
    site: Site
    seed: int
    backend: Backend | None = None
    planted: Planted | None = None
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    progress: Progress = silent
    memo: Memo = unshared

    def generator(self, name: str) -> torch.Generator:
        """A CPU generator of its own for each name, from the run's seed: the only randomness."""
        return torch.Generator().manual_seed(derived_seed("fit", self.seed, name))


@runtime_checkable
class Method(Protocol):
    """A frozen dataclass whose fields are its configuration; subclass it to get the defaults."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    provides: ClassVar[frozenset[Need]] = frozenset({Need.LATENTS})
    fits: ClassVar[bool] = True
    """False only where nothing at all is taken from the data."""
    site: ClassVar[str | None] = None
    """The one site that the method is for, whatever `--site` names; None for any."""

    def fit(self, data: TrainingData) -> Artifact:
        """The method's dictionary, from train and val alone."""
        ...
