"""The one training loop of every trained method: a method brings dictionaries and a loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import (
    MODALITIES,
    Budget,
    Modality,
    PairedActivations,
    TrainingData,
)
from benchmark.kernels.adamw import AdamW
from benchmark.sae.auxk import AuxK
from benchmark.sae.dictionaries import Tower, same_width
from benchmark.sae.trainable import Sae, fvu

SHARED_ABOVE = 1 << 28
"""Multiply-adds of one encode, batch x d x m, from which a step is shared among threads."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Training rows of one modality, resident, with the scalar that makes E‖x − μ‖² = d_in."""

    x: Float[Tensor, "n d"]
    scale: float
    mean: Float[Tensor, " d"]
    """Train mean, in scaled units."""

    def take(self, index: Int[Tensor, " b"]) -> Float[Tensor, "b d"]:
        """Rows in scaled units."""
        return self.x[index] * self.scale

    @property
    def d(self) -> int:
        return self.x.shape[1]


def rows(data: TrainingData, modality: Modality, *, scaled: bool = True) -> Rows:
    """Train rows of one modality on the run's device. Raises ValueError if all are equal."""
    return scaled_rows(data.train.rows(modality), f"{modality} rows", data.device, scaled=scaled)


def scaled_rows(
    x: Float[Tensor, "n d"], name: str, device: torch.device, *, scaled: bool = True
) -> Rows:
    """Rows on a device with their scalar. Raises ValueError if all are equal."""
    mean = x.mean(0, dtype=torch.float64)
    energy = sum(float((part.double() - mean).square().sum()) for part in x.split(65_536))
    if not energy > 0:
        raise ValueError(f"all {len(x)} {name} of train are equal: nothing to fit")
    scale = (x.shape[1] * len(x) / energy) ** 0.5 if scaled else 1.0
    return Rows(x.float().to(device), scale, (mean * scale).float().to(device))


def written_pairs(train: PairedActivations) -> tuple[Int[Tensor, " p"], Int[Tensor, " p"]]:
    """Image row and text row of every caption and the image it was written for."""
    if not train.pooled:
        raise ValueError(
            f"{len(train.image)} image rows for {train.n_images} images: "
            "pairs of rows need one row per example, sae.pairs draws batches where rows are tokens"
        )
    return train.caption_of, torch.arange(train.n_texts)


def order(n: int, budget: Budget, generator: torch.Generator) -> Int[Tensor, "steps b"]:
    """Row numbers of every step: one permutation of all n rows after another."""
    wanted = budget.steps * budget.batch_size
    rounds = [torch.randperm(n, generator=generator) for _ in range(-(-wanted // n))]
    return torch.cat(rounds)[:wanted].view(budget.steps, budget.batch_size)


@dataclass(frozen=True)
class Optimiser:
    """AdamW without decay, warm-up then cosine to 0, gradients clipped per dictionary."""

    warm_up: float = 0.05
    clip: float = 1.0
    schedule: Literal["cosine", "constant"] = "cosine"
    unit_norm: bool = True
    """Decoder rows stay on the unit sphere: parallel gradient removed, renormalised each step."""

    def rate(self, step: int, steps: int) -> float:
        """Learning rate of a step as a share of the peak."""
        if self.schedule == "constant":
            return 1.0
        start = max(1, round(self.warm_up * steps))
        if step < start:
            return (step + 1) / start
        angle = torch.pi * (step - start) / max(1, steps - start)
        return 0.5 * (1 + float(torch.cos(torch.tensor(angle, dtype=torch.float64))))


def train(
    saes: Sequence[Sae],
    loss: Callable[[int], Float[Tensor, ""]],
    budget: Budget,
    data: TrainingData,
    name: str,
    how: Optimiser = Optimiser(),
) -> None:
    """Fit dictionaries in place: `loss(step)` draws its own batch and returns what to minimise.

    Identical to the last bit for the same seed, machine and number of threads: nothing is drawn
    here. Dictionaries are clipped one by one, so training two together couples them by loss alone;
    those that share weights are one.
    """
    groups = [list(sae.parameters()) for sae in saes]
    every = list(dict.fromkeys(p for group in groups for p in group))
    if len(every) < sum(map(len, groups)):
        groups = [every]
    unit = list({sae.decoder for sae in saes}) if how.unit_norm else []
    adam = AdamW(groups, unit, clip=how.clip)
    with threads_for(budget.batch_size * saes[0].encoder.numel()):
        for step in data.progress(range(budget.steps), name):
            adam.zero_grad()
            loss(step).backward()
            adam.step(budget.lr * how.rate(step, budget.steps))


@contextmanager
def threads_for(products: int) -> Iterator[None]:
    """One thread for steps too small to share: two gain a quarter on an idle machine, and lose a
    factor of five where something else wants a core. Large steps keep the threads they have.
    """
    before = torch.get_num_threads()
    if products < SHARED_ABOVE:
        torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def single(
    data: TrainingData,
    modality: Modality,
    budget: Budget,
    *,
    trained: bool = True,
    auxk: float = 0.0,
) -> Tower:
    """One TopK tower of half the budget's latents, from its own modality alone.

    `separated`, `posthoc` and every other two-tower method call this: with one seed they hold
    towers identical to the last bit. Weights and order have a seed of their own per modality.
    """
    source = rows(data, modality)
    weights = data.generator(f"weights/{modality}")
    sae = Sae(source.d, budget.n_latents // 2, budget.k, source.mean, weights)
    if not trained:
        return sae.tower(source.scale)
    batches = order(len(source.x), budget, data.generator(f"order/{modality}"))

    dead = AuxK(sae, auxk) if auxk else None

    def loss(step: int) -> Float[Tensor, ""]:
        u = source.take(batches[step])
        seen = sae(u)
        return fvu(seen.out, u) + (dead(u, seen) if dead else 0)

    train([sae], loss, budget, data, f"{modality} dictionary")
    return sae.tower(source.scale)


def separate_start(
    data: TrainingData, budget: Budget
) -> tuple[dict[Modality, Sae], dict[Modality, Rows]]:
    """Two dictionaries of half the latents each at their initial weights, and the rows of each."""
    sources = {m: rows(data, m) for m in MODALITIES}
    m, k = budget.n_latents // 2, budget.k
    saes = {
        side: Sae(source.d, m, k, source.mean, data.generator(f"weights/{side}"))
        for side, source in sources.items()
    }
    return saes, sources


def shared_start(data: TrainingData, budget: Budget) -> tuple[Sae, dict[Modality, Rows]]:
    """One dictionary of all latents at its initial weights, and the rows it is for.

    Raises ValueError where the modalities differ in width.
    """
    image, text = rows(data, "image"), rows(data, "text")
    same_width(image.d, text.d, "a shared dictionary")
    mean = (image.mean + text.mean) / 2
    sae = Sae(image.d, budget.n_latents, budget.k, mean, data.generator("weights/shared"))
    return sae, {"image": image, "text": text}
