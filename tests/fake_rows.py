"""A backend and data whose rows follow from their content alone, for tests of the store."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch

from benchmark.activations.reading import activations
from benchmark.activations.store import Store
from benchmark.contracts import Concepts, Negatives, PairedActivations, Site

SITE = Site("embedding", "image", "text")
TOKENS = Site("patches", "image", "text", pool="none")
WORDS = ("a cat", "a red dog", "two suns", "nothing at all", "a long caption about one cow")


@dataclass(frozen=True, eq=False)
class FakeExamples:
    ids: tuple[str, ...]
    captions: tuple[str, ...]
    caption_of: np.ndarray
    concepts: Concepts | None
    negatives: Negatives | None

    def images(self, start: int, stop: int) -> np.ndarray:
        shades = [int(hashlib.sha256(i.encode()).hexdigest()[:2], 16) for i in self.ids[start:stop]]
        return np.array(shades, dtype=np.uint8)[:, None, None, None] + np.zeros((2, 2, 3), np.uint8)

    def true_pairs(self) -> np.ndarray:
        own = [(i, j) for j, i in enumerate(self.caption_of)]
        return np.array(sorted({*own, (0, len(self.captions) - 1)}))


@dataclass(frozen=True)
class FakeData:
    """Images with captions out of order and often equal."""

    n: int = 10
    name: str = "fake"
    revision: str = "1"
    salt: str = ""
    words: tuple[str, ...] = WORDS

    def split(self, name: str) -> FakeExamples:
        owner = np.random.default_rng(0).permutation(np.repeat(np.arange(self.n), 3))
        captions = tuple(f"{self.words[j % 5]}{self.salt}" for j in range(len(owner)))
        image = np.random.default_rng(1).random((self.n, 4)) < 0.5
        return FakeExamples(
            ids=tuple(f"{name}-{i}" for i in range(self.n)),
            captions=captions,
            caption_of=owner,
            concepts=Concepts(("a", "b", "c", "d"), ("x",) * 4, image, image[owner]),
            negatives=Negatives(
                ("a green cat", "a blue dog", "a green cat"),
                np.array([0, 1, 29]),
                ("colour", "colour", "place"),
            ),
        )


@dataclass(frozen=True, eq=False)
class FakeBackend:
    """Rows from the content alone; every call goes to a log."""

    revision: str = "r1"
    preprocessing: str = "none"
    dtype: str = "float32"
    name: str = "fake"
    delay: float = 0.0
    log: Path | None = None
    spoil: float | None = None
    calls: list[tuple[str, int, int]] = field(default_factory=list)

    def encode(self, examples, modality, start, stop, site) -> torch.Tensor:
        if modality == "text":
            return self.encode_texts(examples.captions[start:stop], site)
        self._note("image", start, stop)
        base = torch.tensor(examples.images(start, stop)).float().mean((1, 2, 3))[:, None]
        rows = torch.sin(base * torch.arange(1, 7) + 0.1)
        if self.spoil is not None and start <= 7 < stop:
            rows[7 - start :] = self.spoil
        return torch.stack([rows, 2 * rows], dim=1) if site.pool == "none" else rows

    def encode_texts(self, texts, site) -> torch.Tensor:  # noqa: ARG002
        self._note("text", 0, len(texts))
        seeds = [int(hashlib.sha256(t.encode()).hexdigest()[:6], 16) for t in texts]
        return torch.sin(torch.tensor(seeds)[:, None] * torch.arange(1.0, 5.0) + 0.1)

    def _note(self, modality: str, start: int, stop: int) -> None:
        self.calls.append((modality, start, stop))
        time.sleep(self.delay)
        if self.log is not None:
            with self.log.open("a") as file:
                file.write(json.dumps([modality, start, stop]) + "\n")


def take(root: Path | None, backend: FakeBackend | None = None, **changes) -> PairedActivations:
    """Test-split activations through a fresh store."""
    held = None if root is None else changes.pop("store", None) or Store(root, say=lambda _: None)
    options = {"data": FakeData(), "split": "test", "site": SITE, "batch_size": 4} | changes
    data, split, site = (options.pop(key) for key in ("data", "split", "site"))
    return activations(backend or FakeBackend(), data, split, site, store=held, **options)


def bytes_of(root: Path) -> dict[str, bytes]:
    """Every file of the only entry."""
    (entry,) = (path for path in root.iterdir() if path.is_dir() and path.name != "locks")
    return {file.name: file.read_bytes() for file in sorted(entry.iterdir())}


def entry_of(root: Path) -> Path:
    return next(path for path in root.iterdir() if path.name != "locks")
