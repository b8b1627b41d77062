"""Oracle: the planted dictionary itself, codes by non-negative matching pursuit. A control.

    z = argmin ‖x - z @ atoms‖²,  z ≥ 0 on the few atoms that stand clear of the noise

Stagewise pursuit (Donoho et al., 2012): atoms whose correlation with the residual stands clear of
what noise of the residual's size would give join the support, the support is fitted again by least
squares, and what stays under the noise is dropped at the end. Nothing is taken from the data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from benchmark.contracts import (
    Artifact,
    Method,
    Modality,
    Need,
    Planted,
    SparseCodes,
    TrainingData,
)

ROWS = 2048
"""Rows that are solved together; each by itself all the same."""
RIDGE = 1e-6
"""Keeps a support that holds more atoms than dimensions solvable."""


@dataclass(frozen=True, eq=False)
class PlantedDictionary:
    """The true atoms as decoder. Shared concepts take the first coordinates of the aligned frame,
    then come image-only and text-only ones, which never overlap.
    """

    planted: Planted
    clear: float = 3.5
    """Standard deviations of the noise that a coefficient must reach to be kept."""
    join: float = 3.0
    """The same for an atom to join the support; the end decides."""
    rounds: int = 12
    joining: int = 6
    """Atoms that may join in one round."""
    free: int = 3
    """Rounds in which the strongest joins anyway: many equal atoms look like noise to each."""

    @property
    def width(self) -> int:
        image, text = self.planted.image_atoms, self.planted.text_atoms
        return len(image) + len(text) - self.planted.n_shared

    def atoms(self, modality: Modality) -> Float[Tensor, "a d"]:
        return self.planted.image_atoms if modality == "image" else self.planted.text_atoms

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Coefficients in the units of x. Raises ValueError for rows of another width."""
        atoms = self.atoms(modality)
        if x.shape[1] != atoms.shape[1]:
            raise ValueError(
                f"{modality} has {x.shape[1]} columns, the planted atoms {atoms.shape[1]}: "
                "was the dictionary planted in another world?"
            )
        x = x.to(atoms)
        gram = atoms @ atoms.T
        parts = [self._pursue(rows, atoms, gram) for rows in x.split(ROWS)]
        most = max(values.shape[1] for values, _ in parts)
        pad = torch.nn.functional.pad
        values = torch.cat([pad(v, (0, most - v.shape[1])) for v, _ in parts])
        indices = torch.cat([pad(i, (0, most - i.shape[1])) for _, i in parts]).long()
        return SparseCodes.from_slots(values, indices, len(atoms))

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        """Shared and image-only concepts keep their index; text-only ones move past them."""
        image, n_shared = len(self.planted.image_atoms), self.planted.n_shared
        if modality == "image" or codes.indices is None:
            return SparseCodes(codes.values, codes.indices, self.width)
        moved = codes.indices + (codes.indices >= n_shared) * (image - n_shared)
        return SparseCodes(codes.values, moved, self.width)

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        """Σ coefficient · atom. Raises ValueError for codes of another width."""
        atoms = self.atoms(modality)
        if codes.width != len(atoms):
            raise ValueError(f"codes have {codes.width} latents, there are {len(atoms)} atoms")
        if codes.indices is None:
            return codes.values.to(atoms) @ atoms
        return _sum(codes.values.to(atoms), codes.indices.to(atoms.device), atoms)

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        atoms, n_shared = self.atoms(modality), self.planted.n_shared
        out = atoms.new_zeros(self.width, atoms.shape[1])
        out[:n_shared] = atoms[:n_shared]
        private = n_shared if modality == "image" else len(self.planted.image_atoms)
        out[private : private + len(atoms) - n_shared] = atoms[n_shared:]
        return out

    def _pursue(
        self, x: Float[Tensor, "n d"], atoms: Float[Tensor, "a d"], gram: Float[Tensor, "a a"]
    ) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
        """Values and indices of each row's support; an empty slot has value 0."""
        size = x.norm(dim=1, keepdim=True)
        values, index = x.new_zeros(len(x), 0), x.new_zeros(len(x), 0).long()
        residual, seen = x, x @ atoms.T
        by_chance = math.sqrt(2 * math.log(max(len(atoms), 2)))
        for step in range(self.rounds):
            score, new = (residual @ atoms.T).topk(min(self.joining, len(atoms)), dim=1)
            joins = score > min(self.join, by_chance) * _noise(residual)
            joins[:, 0] |= step < self.free
            joins &= score > 1e-5 * size
            if not joins.any():
                break
            index, live = torch.cat([index, new], dim=1), torch.cat([values > 0, joins], dim=1)
            values, index = _fitted(seen, gram, index, live)
            residual = x - _sum(values, index, atoms)
        return _fitted(seen, gram, index, values > self.clear * _noise(residual))


def _noise(residual: Float[Tensor, "n d"]) -> Float[Tensor, "n 1"]:
    """Standard deviation per coordinate if the residual is nothing but noise."""
    return residual.norm(dim=1, keepdim=True) / residual.shape[1] ** 0.5


def _sum(
    values: Float[Tensor, "n k"], index: Int[Tensor, "n k"], atoms: Float[Tensor, "a d"]
) -> Float[Tensor, "n d"]:
    """Σ value · atom, row by row."""
    return torch.nn.functional.embedding_bag(index, atoms, per_sample_weights=values, mode="sum")


def _fitted(
    seen: Float[Tensor, "n a"],
    gram: Float[Tensor, "a a"],
    index: Int[Tensor, "n k"],
    live: Bool[Tensor, "n k"],
) -> tuple[Float[Tensor, "n k"], Int[Tensor, "n k"]]:
    """Least squares on the live slots; what comes out negative leaves, three times at most.

    Empty slots go last and are cut off; they solve 1 · z = 0.
    """
    order = (~live).to(torch.uint8).argsort(dim=1, stable=True)
    order = order[:, : int(live.sum(1).max()) if live.numel() else 0]
    index, live = index.gather(1, order), live.gather(1, order)
    target, block = seen.gather(1, index), gram[index.unsqueeze(2), index.unsqueeze(1)]
    values = torch.zeros_like(target)
    for _ in range(3):
        both = live.unsqueeze(2) & live.unsqueeze(1)
        system = torch.where(both, block, 0.0)
        system.diagonal(dim1=1, dim2=2).fill_(1 + RIDGE)
        values = torch.linalg.solve_ex(system, (target * live).unsqueeze(2)).result.squeeze(2)
        if not (values < 0).any():
            break
        live = live & (values > 0)
    return values.clamp_min(0) * live, index


@dataclass(frozen=True)
class Oracle(Method):
    """The dictionary that made the data. What it scores is what a perfect method could."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.PLANTED})
    fits: ClassVar[bool] = False
    clear: float = 3.5
    """Standard deviations of the noise that a coefficient must reach to be kept."""

    def fit(self, data: TrainingData) -> Artifact:
        """Raises ValueError where the backend has no planted dictionary."""
        if data.planted is None:
            raise ValueError(f"oracle needs {Need.PLANTED.value}: use the backend synthetic")
        return Artifact(PlantedDictionary(data.planted, self.clear), data.site)
