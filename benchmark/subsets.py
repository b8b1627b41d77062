"""Part of some activations: the first images with all that belongs to them."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool
from torch import Tensor

from benchmark.contracts import Concepts, PairedActivations


def first_images(activations: PairedActivations, n: int) -> PairedActivations:
    """The first n images, their captions, and the true pairs among them. Everything if n is more.

    Captions keep their order and are numbered anew; negatives are left out.
    """
    if n >= activations.n_images:
        return activations
    texts = activations.caption_of < n
    new = texts.cumsum(0) - 1
    image_rows, text_rows = activations.image_owner < n, texts[activations.text_owner]
    pairs = activations.pairs
    pairs = pairs[(pairs[:, 0] < n) & texts[pairs[:, 1]]]
    return replace(
        activations,
        image=activations.image[image_rows],
        text=activations.text[text_rows],
        image_owner=activations.image_owner[image_rows],
        text_owner=new[activations.text_owner[text_rows]],
        caption_of=activations.caption_of[texts],
        pairs=torch.stack([pairs[:, 0], new[pairs[:, 1]]], dim=1),
        ids=activations.ids[:n],
        fingerprint=f"{activations.fingerprint}+first{n}",
        concepts=_concepts(activations.concepts, n, texts),
        negatives=None,
        negative_of=None,
        negative_kinds=(),
    )


def _concepts(concepts: Concepts | None, n: int, texts: Bool[Tensor, " n_t"]) -> Concepts | None:
    if concepts is None:
        return None
    return replace(concepts, image=concepts.image[:n], text=concepts.text[texts.cpu().numpy()])
