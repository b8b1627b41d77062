"""Which named latents speak up on a picture, and whether what they are called is in it.

Of each picture the few strongest latents count, strength in units of a latent's own 99th percentile
on train, so that a latent does not win by its scale; latents that fire on most pictures say
nothing about one of them and are left out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.alignment.coactivation import firings
from benchmark.contracts import SparseCodes
from benchmark.contracts.topk import k_strongest

TOP = 3
QUANTILE = 0.99
COMMON = 0.05
"""Share of train images that a latent may always fire on."""
NONE = -1


def rare(codes: SparseCodes, most: float) -> Bool[np.ndarray, " w"]:
    """Latents that fire on at most this share of the rows, and on one at least."""
    fires = firings(codes)
    return (fires > 0) & (fires <= most * len(codes))


def most_common(present: Bool[np.ndarray, "n c"]) -> float:
    """How often a latent may fire: max(.05, twice the rate of the commonest concept)."""
    return max(COMMON, 2 * float(present.mean(0).max(initial=0.0)))


def scales(codes: SparseCodes) -> Float[np.ndarray, " w"]:
    """The 99th percentile of each latent's magnitude where it fires, by nearest rank; else 0.

    Magnitudes in float32: as integers, behind the number of their latent, they sort in one go.
    """
    matrix = codes.csr()
    bits = np.abs(matrix.data).astype(np.float32).view(np.uint32)
    order = np.sort(matrix.indices.astype(np.uint64) << np.uint64(32) | bits)
    size = order.astype(np.uint32).view(np.float32)
    count = np.bincount(matrix.indices, minlength=codes.width)
    fires = count > 0
    rank = np.ceil(QUANTILE * count).astype(np.int64) - 1
    found = np.zeros(codes.width)
    found[fires] = size[(np.cumsum(count) - count + rank)[fires]]
    return found


def strongest(
    codes: SparseCodes, scale: Float[np.ndarray, " w"], allowed: Bool[np.ndarray, " w"], k: int
) -> Int[np.ndarray, "n k"]:
    """The k strongest allowed latents of each row, -1 where fewer fire; the lowest wins a tie."""
    unit = np.divide(1.0, scale, out=np.zeros(len(scale)), where=allowed & (scale > 0))
    weight = torch.from_numpy(unit).to(codes.values.device)
    size = codes.values.double().abs()
    size = size * (weight if codes.indices is None else weight[codes.indices])
    if size.shape[1] < k:
        size = torch.nn.functional.pad(size, (0, k - size.shape[1]))
    values, slots = _ordered(*k_strongest(size, k))
    latents = slots if codes.indices is None else _at(codes.indices, slots)
    return torch.where(values > 0, latents, NONE).cpu().numpy()


def _ordered(values: Tensor, slots: Tensor) -> tuple[Tensor, Tensor]:
    """Strongest first, of equal ones the first slot."""
    slots, by_slot = slots.sort(dim=1)
    values = values.gather(1, by_slot)
    values, by_size = values.sort(dim=1, descending=True, stable=True)
    return values, slots.gather(1, by_size)


def _at(indices: Tensor, slots: Tensor) -> Tensor:
    """Latents in these slots; any latent in a slot that was only padded on."""
    return indices.gather(1, slots.clamp(max=indices.shape[1] - 1))


@dataclass(frozen=True, eq=False)
class Named:
    """What the strongest latents of each picture are called."""

    concept: Int[np.ndarray, "n k"]
    """Index of a concept, -1 where the latent has no name or there is no latent."""
    present: Bool[np.ndarray, "n c"]
    """What is in each picture."""

    @property
    def right(self) -> Bool[np.ndarray, "n k"]:
        """Whether each is in the picture."""
        found = np.take_along_axis(self.present, np.maximum(self.concept, 0), axis=1)
        return np.asarray(found & (self.concept != NONE))

    def precision(self) -> Float[np.ndarray, " n"]:
        """Right names over k, however many there are."""
        return np.asarray(self.right.mean(1))

    def elsewhere(self) -> Float[np.ndarray, " n"]:
        """Expected precision of the same names on any other picture, exactly.

        Raises ValueError for a single picture, which no other stands beside.
        """
        n = len(self.present)
        if n < 2:
            raise ValueError("found a single picture, wanted two: names need another to fail on")
        others = np.where(
            self.concept != NONE, self.present.sum(0)[np.maximum(self.concept, 0)] - self.right, 0
        )
        return np.asarray(others.mean(1) / (n - 1))

    def any(self) -> Float[np.ndarray, " n"]:
        """1 where one of them is right."""
        return np.asarray(self.right.any(1), dtype=np.float64)

    def distinct(self) -> Float[np.ndarray, " n"]:
        """Different right names over k: the same name twice counts once."""
        k = self.concept.shape[1]
        again = np.zeros(self.concept.shape, dtype=bool)
        for i in range(1, k):
            again[:, i] = (self.concept[:, i : i + 1] == self.concept[:, :i]).any(1)
        return np.asarray((self.right & ~again).mean(1))
