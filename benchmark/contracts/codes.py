"""Codes and dictionaries: what a method makes of activations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
import scipy.sparse as sp
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts.data import Site
from benchmark.contracts.needs import Modality
from benchmark.contracts.topk import k_strongest


@dataclass(frozen=True, eq=False)
class SparseCodes:
    """Codes of n inputs over `width` latents.

    Sparse: `indices` ascend along a row; a slot whose value is 0 is empty (pads come first, as
    index 0). Dense: `indices` is None and `values` is [n, width]; only for codes with l0 above
    width / 8. A latent fires where its value is not 0, whatever the sign.
    """

    values: Float[Tensor, "n k"]
    indices: Int[Tensor, "n k"] | None
    width: int

    def __len__(self) -> int:
        return len(self.values)

    def l0(self) -> Int[Tensor, " n"]:
        """Number of latents that fire, per input."""
        return (self.values != 0).sum(1)

    def __getitem__(self, rows: slice | Tensor) -> SparseCodes:
        indices = None if self.indices is None else self.indices[rows]
        return SparseCodes(self.values[rows], indices, self.width)

    def csr(self) -> sp.csr_array:
        """The same codes as a float64 scipy matrix [n, width], zeros dropped, columns sorted."""
        values = self.values.detach().cpu().numpy().astype(np.float64)
        if self.indices is None:
            return sp.csr_array(values)
        columns = self.indices.cpu().numpy()
        kept = values != 0
        starts = np.concatenate([[0], np.cumsum(kept.sum(1))])
        matrix = sp.csr_array((values[kept], columns[kept], starts), shape=(len(self), self.width))
        matrix.has_sorted_indices = True
        return matrix

    def dense(self) -> Float[Tensor, "n w"]:
        """The same codes with every zero written out."""
        if self.indices is None:
            return self.values
        out = self.values.new_zeros(len(self), self.width)
        return out.scatter_add_(1, self.indices, self.values)

    def truncated(self, k: int) -> SparseCodes:
        """Only the k strongest latents of each input, by magnitude (lowest index wins a tie)."""
        if self.values.shape[1] <= k:
            return self
        _, slots = k_strongest(self.values.abs(), k)
        values = self.values.gather(1, slots)
        indices = slots if self.indices is None else self.indices.gather(1, slots)
        return SparseCodes.from_slots(values, indices, self.width)

    def without(self, silent: Bool[Tensor, " w"]) -> SparseCodes:
        """The same with some latents silent."""
        silent = silent.to(self.values.device)
        if self.indices is None:
            return SparseCodes(self.values.masked_fill(silent, 0), None, self.width)
        values = self.values.masked_fill(silent[self.indices], 0)
        return SparseCodes.from_slots(values, self.indices, self.width)

    @classmethod
    def from_slots(
        cls, values: Float[Tensor, "n k"], indices: Int[Tensor, "n k"], width: int
    ) -> SparseCodes:
        """Codes from slots in any order: empty slots become pads, indices are made to ascend."""
        indices = torch.where(values != 0, indices, torch.zeros_like(indices))
        key = torch.where(values != 0, indices, indices - 1)
        order = key.argsort(dim=1, stable=True)
        return cls(values.gather(1, order), indices.gather(1, order), width)

    @classmethod
    def from_dense(
        cls, values: Float[Tensor, "n w"], fires: Bool[Tensor, "n w"] | None = None
    ) -> SparseCodes:
        """The leanest form of a dense code matrix: sparse unless l0 is above width / 8.

        Where it is told which latents fire, all others count as 0.
        """
        if fires is None:
            fires = values != 0
        count = fires.sum(1)
        k = int(count.max()) if len(values) else 0
        if k > values.shape[1] / 8:
            return cls(torch.where(fires, values, 0), None, values.shape[1])
        row, latent = fires.nonzero(as_tuple=True)
        k = max(k, 1)
        slot = torch.arange(len(row), device=row.device) - (count.cumsum(0) - k)[row]
        slots = values.new_zeros(len(values), k)
        indices = latent.new_zeros(len(values), k)
        slots[row, slot], indices[row, slot] = values[row, latent], latent
        return cls(slots, indices, values.shape[1])


def joined(batches: Sequence[SparseCodes]) -> SparseCodes:
    """Codes of consecutive batches as one, on the CPU, padded to the widest."""
    if not batches:
        raise ValueError("no codes to join: found 0 batches, wanted at least one row")
    width = batches[0].width
    slots = [(b.values.cpu(), b.indices.cpu()) for b in batches if b.indices is not None]
    if len(slots) < len(batches):
        return SparseCodes(torch.cat([b.dense().cpu() for b in batches]), None, width)
    k = max(values.shape[1] for values, _ in slots)
    pad = torch.nn.functional.pad
    values = [pad(v, (k - v.shape[1], 0)) for v, _ in slots]
    indices = [pad(i, (k - i.shape[1], 0)) for _, i in slots]
    return SparseCodes(torch.cat(values), torch.cat(indices), width)


class Dictionary(Protocol):
    """A fitted cross-modal dictionary: any class with these members, no need to inherit.

    Encoding one row never depends on the other rows. Where codes are linear in activations, as of
    principal components, it may say `linear = True`: the code of several rows is then their mean.
    """

    @property
    def width(self) -> int:
        """Latents of the aligned frame: latent j is claimed to mean the same in both."""
        ...

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Native codes of activations in original units."""
        ...

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        """Native codes moved to the aligned frame; private latents get coordinates of their own."""
        ...

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        """Reconstruction, in original units, of **native** codes."""
        ...

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        """Decoder directions in the **aligned** frame; a row of zeros where there is no latent."""
        ...


@dataclass(frozen=True)
class Artifact:
    """What a method leaves behind: a dictionary and, if it must, a patch of the backend."""

    dictionary: Dictionary
    site: Site
    k: int | None = None
    """Active latents per input that the budget allows; denser codes are also scored truncated."""
    patch: Mapping[str, Tensor] = field(default_factory=dict)
    chosen: Mapping[str, Any] = field(default_factory=dict)
    """What the fit chose on val (weights, cuts, steps): goes into the record."""
