"""References of what latents fire on: rows exchanged, blind directions, labels as latents."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Float, Int

from benchmark.alignment.coactivation import firings
from benchmark.contracts import MODALITIES, SparseCodes, Subject
from benchmark.metrics.alike import COMMONEST, OF_DATA, ORDER, weights_of
from benchmark.metrics.blind import as_codes, corner, directions, projections
from benchmark.metrics.sides import living
from benchmark.metrics.subsets import first_images
from benchmark.references.changes import CODES, Change, inheriting

SPLITS: tuple[Literal["train"], Literal["test"]] = ("train", "test")
LATENTS = 128
"""Latents of each modality that a draw replaces, chosen anew each time."""
IMAGES = 4000
"""Train images on which a blind direction's commonest concept is chosen; a quarter for tokens."""


def rows_exchanged(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: activations fall on other evaluated rows; what is known of the rows stays."""
    found = inheriting(subject, (*CODES, "living", COMMONEST, OF_DATA))
    for modality in MODALITIES:
        found.cache[ORDER, modality] = rng.permutation(subject.test.n_examples(modality))
    return found


def blind_directions(subject: Subject, rng: np.random.Generator) -> Subject:
    """Null: in place of living latents random directions, each firing on as many rows as one."""
    for modality in MODALITIES:
        weights_of(subject, modality)
    n = IMAGES if subject.train.pooled else IMAGES // 4
    train = first_images(subject.train, n)
    found = inheriting(subject, (OF_DATA,), train=train)
    for modality in MODALITIES:
        alive = np.flatnonzero(living(subject, modality))
        chosen = np.sort(rng.choice(alive, min(LATENTS, len(alive)), replace=False))
        found.cache["living", modality] = np.isin(np.arange(subject.dictionary.width), chosen)
        along = directions(train, modality, len(chosen), rng)
        for split in SPLITS:
            read = getattr(found, split)
            fires = firings(subject.codes(split, modality)[: read.n_examples(modality)])
            far = projections(read, modality, along)
            found.cache["aligned", split, modality] = cut(far, chosen, fires)
    return found


def cut(
    far: Float[np.ndarray, "n r"], latents: Int[np.ndarray, " r"], fires: Int[np.ndarray, " w"]
) -> SparseCodes:
    """Codes in which each of these latents fires on its farthest rows, all others on none."""
    corners = [(np.zeros(0, dtype=np.int64), np.zeros(0))] * len(fires)
    for column, latent in enumerate(latents):
        corners[latent] = corner(far[:, column], int(fires[latent]))
    return slots(as_codes(corners, len(far)))


def slots(codes: sp.csr_array) -> SparseCodes:
    """A scipy matrix as codes; columns of a row ascend."""
    codes.sort_indices()
    n, width = codes.shape
    counts = np.diff(codes.indptr)
    k = max(1, int(counts.max(initial=0)))
    row = np.repeat(np.arange(n), counts)
    slot = np.arange(codes.nnz) - codes.indptr[row] + k - counts[row]
    values, indices = torch.zeros(n, k, dtype=torch.float64), torch.zeros(n, k, dtype=torch.long)
    at = torch.from_numpy(row), torch.from_numpy(slot)
    values[at] = torch.from_numpy(codes.data)
    indices[at] = torch.from_numpy(codes.indices.astype(np.int64))
    return SparseCodes(values, indices, width)


def labels_as_latents(subject: Subject, rng: np.random.Generator) -> Subject:
    """Baseline: a latent a concept, on wherever the labels have it and nowhere else."""
    del rng
    found = inheriting(subject, (OF_DATA,))
    for modality in MODALITIES:
        for split in SPLITS:
            has = getattr(subject, split).labels(modality).astype(np.float32)
            codes = SparseCodes.from_dense(torch.from_numpy(has))
            found.cache["aligned", split, modality] = codes
    return found


def dense(change: Change) -> Change:
    """A dense dictionary whose every coordinate counts as alive: no code of train is made."""

    def changed(subject: Subject, rng: np.random.Generator) -> Subject:
        found = change(subject, rng)
        found.cache.update({k: v for k, v in subject.cache.items() if k[0] == OF_DATA})
        for modality in MODALITIES:
            width = found.dictionary.width
            found.cache["living", modality] = np.ones(width, dtype=bool)
        return found

    return changed
