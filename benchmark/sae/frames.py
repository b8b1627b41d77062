"""Aligned frames: what a method claims about which image latent and which text latent are one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Protocol
from weakref import WeakKeyDictionary

import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import Modality, SparseCodes


class Frame(Protocol):
    """Moves native codes, and decoder rows, of one modality to coordinates that are compared."""

    kind: ClassVar[str]

    @property
    def width(self) -> int: ...

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes: ...

    def place(self, rows: Float[Tensor, "m d"], modality: Modality) -> Float[Tensor, "w d"]:
        """Decoder rows in the aligned frame: zeros where the modality has no latent."""
        ...


@dataclass(frozen=True, eq=False)
class Same:
    """Index identity: latent j is latent j in both modalities."""

    kind: ClassVar[str] = "same"
    width: int

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        del modality
        return codes

    def place(self, rows: Float[Tensor, "m d"], modality: Modality) -> Float[Tensor, "w d"]:
        del modality
        return rows


@dataclass(frozen=True, eq=False)
class Matched:
    """A partial one-to-one map: text latent j goes to image latent `image_of[j]`, or to its own.

    Image latents keep their index. Where `image_of[j]` is -1 text latent j moves to the private
    coordinate n_image + j, which no image latent ever uses.
    """

    kind: ClassVar[str] = "matched"
    n_image: int
    image_of: Int[Tensor, " m_t"]

    def __post_init__(self) -> None:
        taken = self.image_of[self.image_of >= 0]
        if len(taken.unique()) != len(taken):
            raise ValueError("two text latents share an image latent, wanted a one-to-one map")
        if len(taken) and int(taken.max()) >= self.n_image:
            raise ValueError(f"map names image latent {int(taken.max())} of {self.n_image}")

    @property
    def width(self) -> int:
        return self.n_image + len(self.image_of)

    def targets(self, modality: Modality) -> Int[Tensor, " m"]:
        """Aligned coordinate of each latent."""
        if modality == "image":
            return torch.arange(self.n_image, device=self.image_of.device)
        private = self.n_image + torch.arange(len(self.image_of), device=self.image_of.device)
        return torch.where(self.image_of >= 0, self.image_of, private)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        targets = self.targets(modality).to(codes.values.device)
        if codes.indices is None:
            out = codes.values.new_zeros(len(codes), self.width)
            return SparseCodes(out.index_copy_(1, targets, codes.values), None, self.width)
        if modality == "image":
            return SparseCodes(codes.values, codes.indices, self.width)
        return SparseCodes.from_slots(codes.values, targets[codes.indices], self.width)

    def place(self, rows: Float[Tensor, "m d"], modality: Modality) -> Float[Tensor, "w d"]:
        out = rows.new_zeros(self.width, rows.shape[1])
        return out.index_copy_(0, self.targets(modality).to(rows.device), rows)


def disjoint(n_image: int, n_text: int) -> Matched:
    """No map at all: image latents at [0, n_image), text latents after them, nothing shared."""
    return Matched(n_image, torch.full((n_text,), -1))


@dataclass(frozen=True, eq=False)
class DenseMap:
    """A linear map of each modality's codes: aligned = (z - centre) @ map, always dense."""

    kind: ClassVar[str] = "dense"
    image_map: Float[Tensor, "m_i w"]
    text_map: Float[Tensor, "m_t w"]
    image_centre: Float[Tensor, " m_i"]
    text_centre: Float[Tensor, " m_t"]

    @property
    def width(self) -> int:
        return self.image_map.shape[1]

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        matrix = self.image_map if modality == "image" else self.text_map
        centre = self.image_centre if modality == "image" else self.text_centre
        dense = codes.dense()
        matrix, centre = matrix.to(dense), centre.to(dense)
        return SparseCodes((dense - centre) @ matrix, None, self.width)

    def place(self, rows: Float[Tensor, "m d"], modality: Modality) -> Float[Tensor, "w d"]:
        """Through the pseudo-inverse: the smallest code that moves one aligned coordinate."""
        return self._back(modality, rows.dtype).to(rows) @ rows

    def _back(self, modality: Modality, dtype: torch.dtype) -> Float[Tensor, "w m"]:
        """The pseudo-inverse of a map, computed once."""
        known = INVERSES.setdefault(self, {})
        if (modality, dtype) not in known:
            matrix = self.image_map if modality == "image" else self.text_map
            known[modality, dtype] = torch.linalg.pinv(matrix.to(dtype))
        return known[modality, dtype]


INVERSES: WeakKeyDictionary[DenseMap, dict[tuple[Modality, torch.dtype], Tensor]] = (
    WeakKeyDictionary()
)
"""Beside the maps, whose own fields are what is saved of them."""
KINDS: dict[str, Any] = {frame.kind: frame for frame in (Same, Matched, DenseMap)}
