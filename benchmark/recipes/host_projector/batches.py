"""Which pictures each step shows: an endless order of all of them that only the seed makes.

An epoch is a permutation of its own. A run that goes on from a step begins in the middle of the
order, so it sees what it would have seen.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch
from torch.utils.data import DataLoader, Dataset

from benchmark.contracts import Examples, Talk, talks_of
from benchmark.recipes.host_projector.plan import HostPlan

Batch = tuple[list[Any], list[Talk]]
"""Pictures, and the talk about each."""


class Discussions(Dataset[tuple[Any, Talk]]):
    """Pictures of a split with what is asked and answered about them."""

    def __init__(self, examples: Examples) -> None:
        self.examples = examples

    def __len__(self) -> int:
        return len(self.examples.ids)

    def __getitem__(self, i: int) -> tuple[Any, Talk]:
        return self.examples.images(i, i + 1)[0], talks_of(self.examples, i, i + 1)[0]


class Batches:
    """Numbers of the pictures of each batch, from a step of the plan to its end.

    Batches of several processes come one after another: the first is the first process's.
    """

    drop_last = True

    def __init__(self, plan: HostPlan, n: int, step: int = 0) -> None:
        self.plan, self.n, self.step = plan, n, step
        self.batch_size = plan.batch_size

    def __len__(self) -> int:
        return (self.plan.steps - self.step) * self.plan.accumulate * self.plan.processes

    def __iter__(self) -> Iterator[list[int]]:
        order = Order(self.n, self.plan.seed)
        first = self.step * self.plan.pictures_a_step
        for batch in range(len(self)):
            start = first + batch * self.batch_size
            yield [order.at(place) for place in range(start, start + self.batch_size)]


class Order:
    """n pictures over and over, every time in another order."""

    def __init__(self, n: int, seed: int) -> None:
        self.n, self.seed = n, seed
        self.epoch, self.drawn = -1, torch.empty(0, dtype=torch.long)

    def at(self, place: int) -> int:
        """The picture at a place of the endless order."""
        epoch, rest = divmod(place, self.n)
        if epoch != self.epoch:
            generator = torch.Generator().manual_seed(self.seed + 1_000_003 * epoch)
            self.epoch, self.drawn = epoch, torch.randperm(self.n, generator=generator)
        return int(self.drawn[rest])


def loader(examples: Examples, plan: HostPlan, step: int, workers: int) -> DataLoader[Any]:
    """Batches of pictures and talks, read ahead by so many workers."""
    shown = Discussions(examples)
    return DataLoader(
        shown,
        batch_sampler=Batches(plan, len(shown), step),
        collate_fn=together,
        num_workers=workers,
    )


def together(rows: Sequence[tuple[Any, Talk]]) -> Batch:
    """Pictures side by side, in their own sizes."""
    return [picture for picture, _ in rows], [talk for _, talk in rows]
