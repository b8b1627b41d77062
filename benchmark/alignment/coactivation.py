"""Which image latents and text latents fire together: streamed moments, exact in float64.

Everything is a sum over pairs of things that are zero where a latent is silent, so nothing is ever
written out densely: n·k² products instead of n·m².
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts import SparseCodes
from benchmark.kernels.coactivation.cpu import add_cross, moments, pearson

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

    Raises ValueError where pairs and codes do not fit.
    """
    owner = _owner(image_of, text)
    cross = _cross(image, text, owner)
    (image_sum, image_square), (text_sum, text_square) = _sums(image, text, owner)
    return Coactivation(len(owner), cross, image_sum, text_sum, image_square, text_square)


def correlation(
    image: SparseCodes, text: SparseCodes, image_of: Int[Tensor, " p"]
) -> Float[np.ndarray, "m_i m_t"]:
    """Signed Pearson correlation over the same pairs; 0 where a latent never varies.

    Raises ValueError where pairs and codes do not fit.
    """
    owner = _owner(image_of, text)
    sides = tuple(
        (total, _inverse_deviation(total, square, len(owner)))
        for total, square in _sums(image, text, owner)
    )
    return pearson(_cross(image, text, owner), len(owner), *sides)


def _cross(
    image: SparseCodes, text: SparseCodes, owner: Int[np.ndarray, " p"]
) -> Float[np.ndarray, "m_i m_t"]:
    """Σ z_I z_Tᵀ, float64; where both are written out, as products of parts."""
    cross = np.zeros((image.width, text.width))
    if image.indices is not None or text.indices is not None:
        add_cross(cross, _slots(image), _slots(text), owner)
        return cross
    for start in range(0, len(owner), ROWS):
        part = slice(start, start + ROWS)
        left, right = _slots(image)[0][owner[part]], _slots(text)[0][part]
        cross += left.astype(np.float64).T @ right
    return cross


def _owner(image_of: Int[Tensor, " p"], text: SparseCodes) -> Int[np.ndarray, " p"]:
    if len(image_of) != len(text):
        raise ValueError(f"{len(text)} text codes for {len(image_of)} pairs, wanted one each")
    return image_of.cpu().numpy()


def _slots(codes: SparseCodes) -> tuple[np.ndarray, np.ndarray]:
    """Values and indices; of a dense code every latent is a slot."""
    values = codes.values.detach().cpu().numpy()
    if codes.indices is None:
        return values, np.broadcast_to(np.arange(codes.width, dtype=np.int32), values.shape)
    return values, codes.indices.cpu().numpy()


def _sums(
    image: SparseCodes, text: SparseCodes, owner: Int[np.ndarray, " p"]
) -> tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]:
    """Σ z and Σ z² of both sides over the pairs, float64."""
    times = np.bincount(owner, minlength=len(image)).astype(float)
    both = []
    for codes, weight in ((image, times), (text, np.ones(len(text)))):
        values, indices = _slots(codes)
        if codes.indices is not None:
            both.append(moments((values, indices), weight, codes.width))
            continue
        total, square = np.zeros(codes.width), np.zeros(codes.width)
        for start in range(0, len(codes), ROWS):
            part = slice(start, start + ROWS)
            z = values[part].astype(np.float64)
            total += weight[part] @ z
            square += weight[part] @ z**2
        both.append((total, square))
    return both[0], both[1]


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
