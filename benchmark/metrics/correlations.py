"""Which alive latents fire together on the evaluated pairs, and what chance gives."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.alignment.coactivation import correlation, shuffled
from benchmark.contracts import SparseCodes, Subject
from benchmark.metrics.sides import living

PERCENTILE = 99


@dataclass(frozen=True, eq=False)
class Correlations:
    """Signed Pearson r of every alive image latent with every alive text latent."""

    r: Float[np.ndarray, "a_i a_t"]
    image: Int[np.ndarray, " a_i"]
    """Aligned coordinate of each row."""
    text: Int[np.ndarray, " a_t"]
    """Aligned coordinate of each column."""
    chance: float
    """99th percentile of all these r after every image got another one's captions."""

    def own(self, width: int) -> Float[np.ndarray, " w"]:
        """r of coordinate j with itself over the modalities; 0 unless it is alive in both."""
        place = np.full(width, -1)
        place[self.text] = np.arange(len(self.text))
        column = place[self.image]
        matched = column >= 0
        out = np.zeros(width)
        out[self.image[matched]] = self.r[np.flatnonzero(matched), column[matched]]
        return out


def correlations(subject: Subject) -> Correlations:
    """Over all (image, caption written for it) of the evaluated split; captions stay together."""
    key = ("correlations",)
    if key not in subject.cache:
        alive = living(subject, "image"), living(subject, "text")
        image = selected(subject.codes("test", "image"), alive[0])
        text = selected(subject.codes("test", "text"), alive[1])
        owner = subject.test.caption_of.cpu()
        seed = int(subject.rng("shuffled pairs").integers(2**62))
        other = shuffled(owner, torch.Generator().manual_seed(seed))
        by_chance = pearson(image, text, other)
        level = float(np.percentile(by_chance, PERCENTILE)) if by_chance.size else 0.0
        r = pearson(image, text, owner)
        places = np.flatnonzero(alive[0]), np.flatnonzero(alive[1])
        subject.cache[key] = Correlations(r, *places, chance=level)
    return subject.cache[key]


def selected(codes: SparseCodes, kept: Bool[np.ndarray, " w"]) -> SparseCodes:
    """Codes over the kept latents alone, numbered anew."""
    mask = torch.from_numpy(kept)
    width = int(mask.sum())
    if codes.indices is None:
        return SparseCodes(codes.values[:, mask], None, width)
    values = torch.where(mask[codes.indices], codes.values, 0)
    return SparseCodes.from_slots(values, (mask.cumsum(0) - 1)[codes.indices].clamp_min(0), width)


def pearson(
    image: SparseCodes, text: SparseCodes, image_of: Int[Tensor, " p"]
) -> Float[np.ndarray, "m_i m_t"]:
    """Signed correlation over the pairs (image_of[j], j); 0 where a latent never varies."""
    if image.indices is not None and text.indices is not None:
        return correlation(image, text, image_of)
    a, b = (standard(codes.dense().double()) for codes in (image[image_of], text))
    return (a.T @ b).numpy()


def standard(z: Float[Tensor, "n m"]) -> Float[Tensor, "n m"]:
    """Columns with mean 0 and norm 1; zeros where a column is constant up to rounding."""
    z = z - z.mean(0)
    norms = z.norm(dim=0)
    real = norms > 1e-7 * (norms.max() if len(norms) else 1)
    return z * torch.where(real, 1 / torch.where(real, norms, 1), 0)
