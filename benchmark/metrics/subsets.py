"""Part of some activations: the first images with all of theirs, or captions against captions."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Bool, Int
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
        negative_owner=None,
        negative_of=None,
        negative_kinds=(),
    )


def caption_pairs(
    data: PairedActivations,
) -> tuple[Int[Tensor, " n"], Int[Tensor, " t"], Int[Tensor, " t"]]:
    """The first caption of every image that has two or more, its other captions, and whose they
    are among the first ones."""
    owner = data.caption_of.cpu()
    order = owner.argsort(stable=True)
    images, size = owner[order].unique_consecutive(return_counts=True)
    starts = size.cumsum(0) - size
    first = order[starts[size > 1]]
    place = torch.full((data.n_images,), -1)
    place[images[size > 1]] = torch.arange(len(first))
    rest = (place[owner] >= 0).index_fill(0, first, False).nonzero()[:, 0]
    return first, rest, place[owner[rest]]


def rows_of(
    owner: Int[Tensor, " r"], examples: Int[Tensor, " n"]
) -> tuple[Int[Tensor, " s"], Int[Tensor, " s"]]:
    """The rows of these examples, in their order, and which of the examples each belongs to.

    `owner` says whose each row is; an example may have many, and may be asked for twice.
    """
    owner = owner.cpu()
    order = owner.argsort(stable=True)
    size = torch.bincount(owner, minlength=int(examples.max()) + 1 if len(examples) else 0)
    first, counts = (size.cumsum(0) - size)[examples], size[examples]
    inside = torch.arange(int(counts.sum())) - (counts.cumsum(0) - counts).repeat_interleave(counts)
    new = torch.arange(len(examples)).repeat_interleave(counts)
    return order[first.repeat_interleave(counts) + inside], new


def captions_as_images(
    data: PairedActivations,
    first: Int[Tensor, " n"],
    rest: Int[Tensor, " t"],
    owner: Int[Tensor, " t"],
) -> PairedActivations:
    """Activations whose image side is one caption of each image, and whose text side the others."""
    image_rows, image_owner = rows_of(data.text_owner, first)
    text_rows, text_owner = rows_of(data.text_owner, rest)
    concepts = data.concepts
    if concepts is not None:
        image, text = (concepts.text[rows.numpy()] for rows in (first, rest))
        concepts = replace(concepts, image=image, text=text)
    return replace(
        data,
        image=data.text[image_rows],
        text=data.text[text_rows],
        image_owner=image_owner,
        text_owner=text_owner,
        caption_of=owner,
        pairs=torch.stack([owner, torch.arange(len(rest))], dim=1),
        ids=tuple(data.ids[i] for i in data.caption_of[first].tolist()),
        fingerprint=f"{data.fingerprint}+captions",
        concepts=concepts,
        negatives=None,
        negative_owner=None,
        negative_of=None,
        negative_kinds=(),
    )


def _concepts(concepts: Concepts | None, n: int, texts: Bool[Tensor, " n_t"]) -> Concepts | None:
    if concepts is None:
        return None
    return replace(concepts, image=concepts.image[:n], text=concepts.text[texts.cpu().numpy()])
