"""Dictionaries and pictures made by hand, whose portraits are known before they are drawn."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import Artifact, Concepts, Need, PairedActivations, Site, Subject
from benchmark.portraits.opening import Sitter
from benchmark.portraits.records import Asked
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Frame, Same
from tests.subjects import activations

N, GRID, W, PX = 60, 4, 6, 32
"""Pictures, patches a side, latents (and columns), pixels a side."""
WORDS = ("cat", "sun", "flag", "key", "moon", "leaf")
POOLED, TOKENS = Site("whole", "i", "t"), Site("patches", "i", "t", block=0, pool="none")


def asked(**changes: Any) -> Asked:
    facts: dict[str, Any] = {
        "checkpoint": "c" * 64,
        "method": "by-hand",
        "variant": "fair",
        "seed": 0,
        "backend": "hand",
        "backend_revision": "1",
        "site": "whole",
        "data": "made",
        "data_revision": "1",
        "limit": None,
        "centred": False,
        "n_latents": 4,
    }
    return Asked(**facts | changes)


def plain(frame: Frame | None = None, width: int = W) -> Paired:
    """A code is its row where that is positive."""
    eye = torch.eye(width)
    zero = torch.zeros(width)
    tower = Tower(eye, zero, eye, zero, activation="relu")
    return Paired(tower, tower, frame or Same(width))


@dataclass(frozen=True, eq=False)
class Seen:
    """Val as a backend reads it."""

    pictures: np.ndarray
    captions: tuple[str, ...]
    caption_of: np.ndarray
    asked: list[str] = field(default_factory=list)

    @property
    def ids(self) -> tuple[str, ...]:
        return tuple(f"picture {i}" for i in range(len(self.pictures)))

    def images(self, start: int, stop: int) -> np.ndarray:
        return self.pictures[start:stop]


class Eye(torch.nn.Module):
    """A model that is small enough to be asked again."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(3))


@dataclass(frozen=True, eq=False)
class Hand:
    """A backend that reads what stands in pictures and captions: how red, and which words."""

    model: Any = field(default_factory=Eye)
    name: str = "hand"
    provides: frozenset[Need] = frozenset()

    def encode(self, examples: Any, modality: str, start: int, stop: int, site: Site) -> Tensor:
        del modality, site
        pictures = examples.images(start, stop).astype(np.float32)
        red = (pictures[..., 0] - pictures[..., 2]).clip(0).sum((1, 2)) / 1000
        rows = torch.zeros(len(pictures), W)
        rows[:, 0] = torch.from_numpy(red)
        return rows

    def encode_texts(self, texts: Any, site: Site) -> Tensor:
        del site
        return said(texts)


def said(texts: Any) -> Tensor:
    """Column j counts word j."""
    return torch.tensor([[float(text.split().count(word)) for word in WORDS] for text in texts])


def words_of(rng: np.random.Generator, latent: int) -> str:
    return f"a {WORDS[latent]} and the {WORDS[int(rng.integers(1, W))]}"


def red_squares(seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Grey pictures with one red square each of a sixth of the side, and the square's number."""
    rng = np.random.default_rng(seed)
    pictures = np.full((N, 96, 96, 3), 120, dtype=np.uint8)
    where = rng.integers(0, 36, N)
    for i, cell in enumerate(where):
        r, c = divmod(int(cell), 6)
        pictures[i, r * 16 : r * 16 + 16, c * 16 : c * 16 + 16] = (130 + i, 20, 20)
    return pictures, where


def sitter(subject: Subject, backend: Any, site: Site, val: Seen) -> Sitter:
    materials = SimpleNamespace(
        backend=backend, site=site, request=SimpleNamespace(device="cpu"), data=None
    )
    return Sitter(replace(subject, backend=backend), materials, val)  # type: ignore[arg-type]


def judged(dictionary: Paired, rows: PairedActivations, site: Site) -> Subject:
    return Subject(Artifact(dictionary, site), rows, rows, rows, 0)


def pooled() -> tuple[Sitter, np.ndarray]:
    """Latent 0 is how red a picture is; latent j counts word j of a caption."""
    pictures, where = red_squares()
    rng = np.random.default_rng(1)
    captions = tuple(words_of(rng, i % W) for i in range(N))
    val = Seen(pictures, captions, np.arange(N))
    image = Hand().encode(val, "image", 0, N, POOLED)
    image[:, 1:] = torch.from_numpy(rng.random((N, W - 1))).float() * (image[:, 1:] == 0)
    rows = activations(image, said(captions), concepts=labels(captions))
    return sitter(judged(plain(), rows, POOLED), Hand(), POOLED, val), where


def labels(captions: tuple[str, ...]) -> Concepts:
    has = said(captions).numpy() > 0
    return Concepts(WORDS, ("object",) * W, has, has)


def tokens() -> tuple[Sitter, np.ndarray]:
    """Latent j of picture i is strongest on one patch, half as strong on the next, else silent."""
    rng = np.random.default_rng(2)
    where = rng.integers(0, GRID * GRID - 1, (N, W))
    image = torch.zeros(N, GRID * GRID, W)
    for i in range(N):
        for j in range(W):
            image[i, where[i, j], j] = 1 + i / N
            image[i, where[i, j] + 1, j] = (1 + i / N) / 2
    captions = tuple(words_of(rng, i % W) for i in range(N))
    base = activations(image[:, 0], said(captions), concepts=labels(captions))
    rows = replace(
        base,
        image=image.flatten(0, 1),
        image_owner=torch.arange(N).repeat_interleave(GRID * GRID),
    )
    pictures = np.zeros((N, PX, PX, 3), np.uint8)
    pictures[:, :, :, 0] = np.arange(N)[:, None, None]
    val = Seen(pictures, captions, np.arange(N))
    return sitter(judged(plain(), rows, TOKENS), Hand(), TOKENS, val), where
