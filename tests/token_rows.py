"""Activations whose rows are tokens: a few written by hand, and any number drawn at random."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from benchmark.contracts import MODALITIES, Concepts, PairedActivations, TrainingData
from tests.subjects import SITE, activations, unit_rows

SMALL = {"n_latents": 32, "k": 2, "steps": 6, "batch_size": 16}


def by_hand(**changes) -> PairedActivations:
    """Two pictures of three tokens; captions of one, two and one words; one false caption."""
    image = torch.tensor(
        [[1.0, 0, 0, 0], [0, 2, 0, 0], [0, 0, 0, 0], [0, 0, 3, 0], [0, 0, 1, 0], [0, 0, 0, 4]]
    )
    text = torch.tensor([[0, 1.0, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [1, 0, 0, 0]])
    found = PairedActivations(
        image=image,
        text=text,
        image_owner=torch.tensor([0, 0, 0, 1, 1, 1]),
        text_owner=torch.tensor([0, 1, 1, 2]),
        caption_of=torch.tensor([0, 1, 0]),
        pairs=torch.tensor([[0, 0], [1, 1], [0, 2]]),
        ids=("a", "b"),
        fingerprint="by hand",
        negatives=torch.tensor([[0, 0, 1.0, 0], [0, 1, 0, 0], [0, 0, 0, 1]]),
        negative_owner=torch.tensor([0, 1, 1]),
        negative_of=torch.tensor([0, 1]),
        negative_kinds=("colour", "position"),
    )
    return replace(found, **changes)


def tokens(n: int, per_image: int, seed: int, d: int = 8) -> PairedActivations:
    """Random pictures of so many tokens, two captions each, of one to three words."""
    rng = np.random.default_rng(seed)
    words = torch.from_numpy(rng.integers(1, 4, size=2 * n)) if per_image > 1 else torch.ones(2 * n)
    words, caption_of = words.long(), torch.arange(n).repeat_interleave(2)
    shown = rng.random((n, 3)) < 0.5
    base = activations(unit_rows(n, d, seed), unit_rows(2 * n, d, seed + 1), caption_of.tolist())
    return replace(
        base,
        image=unit_rows(n * per_image, d, seed),
        image_owner=torch.arange(n).repeat_interleave(per_image),
        text=unit_rows(int(words.sum()), d, seed + 1),
        text_owner=torch.arange(2 * n).repeat_interleave(words),
        concepts=Concepts(("x", "y", "z"), ("object",) * 3, shown, shown[caption_of.numpy()]),
    )


def reordered(data: PairedActivations, seed: int) -> PairedActivations:
    """The same examples, with the tokens of each in another order."""
    order = {}
    for modality in MODALITIES:
        owner = data.owner(modality)
        key = owner + torch.rand(len(owner), generator=torch.Generator().manual_seed(seed)) * 0.9
        order[modality] = key.argsort()
    return replace(data, image=data.image[order["image"]], text=data.text[order["text"]])


def training(data: PairedActivations) -> TrainingData:
    return TrainingData(data, data, SITE, 0)
