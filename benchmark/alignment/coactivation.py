"""Which image latents and text latents fire together: streamed moments, exact in float64.

Everything is a sum over pairs of things that are zero where a latent is silent, so nothing is ever
written out densely: n·k² products instead of n·m².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts import SparseCodes

CHUNK = 65_536
"""Texts whose products are in memory at once."""
ROWS = 4096
"""Rows that are counted at a time."""


@dataclass(frozen=True, eq=False)
class Coactivation:
    """Σ z_I z_Tᵀ over pairs, Σ z and Σ z² of both sides over the same pairs; signed."""

    n: int
    cross: Float[np.ndarray, "m_i m_t"]
    image_sum: Float[np.ndarray, " m_i"]
    text_sum: Float[np.ndarray, " m_t"]
    image_square: Float[np.ndarray, " m_i"]
    text_square: Float[np.ndarray, " m_t"]

    def covariance(self) -> Float[np.ndarray, "m_i m_t"]:
        """Covariance of every image latent with every text latent."""
        return self.cross / self.n - np.outer(self.image_sum, self.text_sum) / self.n**2

    def pearson(self) -> Float[np.ndarray, "m_i m_t"]:
        """Signed correlation; 0 where a latent never varies."""
        image = _inverse_deviation(self.image_sum, self.image_square, self.n)
        text = _inverse_deviation(self.text_sum, self.text_square, self.n)
        r = self.covariance()
        r *= image[:, None]
        r *= text
        return np.clip(r, -1, 1, out=r)


def _inverse_deviation(
    total: Float[np.ndarray, " m"], square: Float[np.ndarray, " m"], n: int
) -> Float[np.ndarray, " m"]:
    """1/σ of every latent, 0 where σ is nothing but rounding (1e-7 of the root mean square)."""
    variance = square / n - (total / n) ** 2
    real = variance > 1e-14 * square / n
    return np.where(real, 1 / np.sqrt(np.where(real, variance, 1)), 0)


def coactivation(
    image: SparseCodes, text: SparseCodes, image_of: Int[Tensor, " p"]
) -> Coactivation:
    """Moments over the pairs (image_of[j], text j). An image with five captions counts five times.

    Codes of one image are multiplied with the sum of its captions' codes: the same number, fewer
    products. Raises ValueError where pairs and codes do not fit.
    """
    if len(image_of) != len(text):
        raise ValueError(f"{len(text)} text codes for {len(image_of)} pairs, wanted one each")
    owner = image_of.cpu().numpy()
    z_image, z_text = image.csr(), text.csr()
    cross = np.zeros((image.width, text.width))
    for start in range(0, len(owner), CHUNK):
        own = owner[start : start + CHUNK]
        chosen, place = np.unique(own, return_inverse=True)
        gather = sp.csr_array((np.ones(len(own)), (place, np.arange(len(own)))))
        product = (z_image[chosen].T.tocsr() @ (gather @ z_text[start : start + CHUNK])).tocoo()
        cross[product.row, product.col] += product.data
    times = np.bincount(owner, minlength=len(image)).astype(float)
    return Coactivation(
        n=len(owner),
        cross=cross,
        image_sum=z_image.T @ times,
        text_sum=z_text.T @ np.ones(len(text)),
        image_square=z_image.power(2).T @ times,
        text_square=z_text.power(2).T @ np.ones(len(text)),
    )


def alive(codes: SparseCodes) -> Bool[np.ndarray, " m"]:
    """Latents that fire on at least max(10, n/1000) of these rows, which should be train's."""
    return firings(codes) >= max(10, len(codes) / 1000)


def firings(codes: SparseCodes) -> Int[np.ndarray, " m"]:
    """How many rows each latent fires on."""
    total = torch.zeros(codes.width + 1, dtype=torch.long, device=codes.values.device)
    for i in range(0, len(codes), ROWS):
        part = codes[slice(i, i + ROWS)]
        if part.indices is None:
            total[:-1] += (part.values != 0).sum(0)
            continue
        place = torch.where(part.values != 0, part.indices, codes.width)
        total += torch.bincount(place.flatten(), minlength=codes.width + 1)
    return total[:-1].cpu().numpy()


def shuffled(image_of: Int[Tensor, " p"], generator: torch.Generator) -> Int[Tensor, " p"]:
    """The same pairs after every image got the captions of another: captions stay together.

    One random cycle through the images, so that none keeps its own.
    """
    n = int(image_of.max()) + 1 if len(image_of) else 0
    cycle = torch.randperm(n, generator=generator)
    successor = torch.empty_like(cycle)
    successor[cycle] = cycle.roll(-1)
    return successor.to(image_of.device)[image_of]
