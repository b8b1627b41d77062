"""A tiny paired world for tests of fitting: known concepts, one caption or more an image."""

from __future__ import annotations

from dataclasses import replace

import torch
from torch.nn.functional import normalize

from benchmark.contracts import Concepts, PairedActivations, Site, TrainingData

SITE = Site("toy", "image", "text")


def split(
    n: int = 2000,
    d: int = 32,
    c: int = 40,
    *,
    seed: int = 0,
    captions: int = 1,
    d_text: int | None = None,
    cosine: float = 0.5,
    scale: float = 1.0,
) -> PairedActivations:
    """About three concepts a row; a caption tells 90 % of its image's; a gap between modalities.

    The world (atoms, means) is always the same; `seed` draws the examples.
    """
    world, draw = torch.Generator().manual_seed(77), torch.Generator().manual_seed(seed)
    image_atoms = normalize(torch.randn(c, d, generator=world), dim=1)
    other = normalize(torch.randn(c, d, generator=world), dim=1)
    text_atoms = normalize(cosine * image_atoms + (1 - cosine**2) ** 0.5 * other, dim=1)
    gap = torch.randn(2, d, generator=world) / d**0.5
    has = torch.rand(n, c, generator=draw) < 3 / c
    z = has * (0.5 + torch.rand(n, c, generator=draw))
    owner = torch.arange(n).repeat_interleave(captions)
    told = has[owner] & (torch.rand(n * captions, c, generator=draw) < 0.9)
    y = (z[owner] * told) @ text_atoms + gap[1]
    y = y + 0.03 * torch.randn(y.shape, generator=draw)
    x = z @ image_atoms + gap[0] + 0.03 * torch.randn(n, d, generator=draw)
    if d_text is not None:
        y = y[:, :d_text].contiguous()
    texts = torch.arange(len(owner))
    return PairedActivations(
        image=x * scale,
        text=y * scale,
        image_owner=torch.arange(n),
        text_owner=texts,
        caption_of=owner,
        pairs=torch.stack([owner, texts], dim=1),
        ids=tuple(str(i) for i in range(n)),
        fingerprint=f"toy-{n}-{seed}",
        concepts=Concepts(
            tuple(f"c{i}" for i in range(c)), ("object",) * c, has.numpy(), told.numpy()
        ),
    )


def training(seed: int = 0, **changes: object) -> TrainingData:
    """Train and val of the same world."""
    train = split(seed=1, **changes)  # type: ignore[arg-type]
    val = split(seed=2, **{**changes, "n": 300})  # type: ignore[arg-type]
    return TrainingData(train, val, SITE, seed)


def without(data: TrainingData, **changes: object) -> TrainingData:
    """The same with fields of train replaced."""
    return replace(data, train=replace(data.train, **changes))  # type: ignore[arg-type]
