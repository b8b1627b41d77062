"""Fitted dictionaries: a frozen tower per modality, and the frame in which the two are compared.

One bias convention everywhere, in scaled units u = x · scale:
    z = act((u - b_dec) @ W_enc + b_enc)        û = z @ W_dec + b_dec        x̂ = û / scale
Codes are in scaled units, reconstructions and directions in the units of x.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.contracts import Modality, SparseCodes
from benchmark.contracts.topk import k_strongest
from benchmark.sae.frames import Frame

Activation = Literal["topk", "relu", "jumprelu", "identity", "distance"]


@dataclass(frozen=True, eq=False)
class Tower:
    """One modality's dictionary: topk(k) after ReLU, ReLU, JumpReLU(threshold) or none (signed).

    `distance` is topk(k) of 2 - ‖u/‖u‖ - w/‖w‖‖ (columns w of W_enc), without any bias: what VL-SAE
    encodes by, positive whatever the input.
    """

    W_enc: Float[Tensor, "d m"]
    b_enc: Float[Tensor, " m"]
    W_dec: Float[Tensor, "m d"]
    b_dec: Float[Tensor, " d"]
    scale: float = 1.0
    activation: Activation = "topk"
    k: int | None = None
    threshold: Float[Tensor, " m"] | None = None

    def __post_init__(self) -> None:
        if (self.activation in ("topk", "distance")) != (self.k is not None):
            raise ValueError(
                f"activation {self.activation} with k {self.k}: topk and distance alone take a k"
            )
        if (self.activation == "jumprelu") != (self.threshold is not None):
            raise ValueError(f"activation {self.activation}: jumprelu alone takes a threshold")
        if self.W_dec.shape != self.W_enc.shape[::-1]:
            raise ValueError(
                f"W_enc is {tuple(self.W_enc.shape)} and W_dec {tuple(self.W_dec.shape)}, "
                "wanted [d, m] and [m, d]"
            )

    @property
    def d_in(self) -> int:
        return self.W_enc.shape[0]

    @property
    def d_sae(self) -> int:
        return self.W_enc.shape[1]

    def to(self, device: torch.device) -> Tower:
        """The same tower with its tensors elsewhere."""
        tensors = {name: v.to(device) for name, v in vars(self).items() if isinstance(v, Tensor)}
        return replace(self, **tensors)  # type: ignore[arg-type]

    def pre_activations(self, x: Float[Tensor, "n d"]) -> Float[Tensor, "n m"]:
        """What the activation function sees."""
        u = x.to(self.W_enc) * self.scale
        if self.activation == "distance":
            return nearness(u, self.W_enc.T)
        return torch.addmm(self.b_enc, u - self.b_dec, self.W_enc)

    def encode(self, x: Float[Tensor, "n d"]) -> SparseCodes:
        """Codes of rows in original units; each row by itself."""
        pre = self.pre_activations(x)
        if self.activation == "identity":
            return SparseCodes(pre, None, self.d_sae)
        if self.k is not None:
            values, indices = k_strongest(pre.relu_(), self.k)
            return SparseCodes.from_slots(values, indices, self.d_sae)
        least = 0 if self.threshold is None else self.threshold.clamp_min(0)
        return SparseCodes.from_dense(pre, pre > least)

    def decode(self, codes: SparseCodes) -> Float[Tensor, "n d"]:
        """Reconstruction in original units. Raises ValueError for codes of another width."""
        if codes.width != self.d_sae:
            raise ValueError(
                f"codes have {codes.width} latents, this tower decodes {self.d_sae}: "
                "decode takes native codes, not aligned ones"
            )
        values = codes.values.to(self.W_dec)
        if codes.indices is None:
            u = values @ self.W_dec
        elif codes.indices.shape[1] == 0:
            u = self.W_dec.new_zeros(len(codes), self.d_in)
        else:
            indices = codes.indices.to(self.W_dec.device)
            u = torch.nn.functional.embedding_bag(
                indices, self.W_dec, per_sample_weights=values, mode="sum"
            )
        return (u + self.b_dec) / self.scale


@dataclass(frozen=True, eq=False)
class Paired:
    """A cross-modal dictionary: two towers (one and the same where shared) in one frame."""

    image: Tower
    text: Tower
    frame: Frame

    @property
    def width(self) -> int:
        return self.frame.width

    @property
    def linear(self) -> bool:
        """Codes are linear in activations: those of an example's tokens may be averaged."""
        return self.image.activation == self.text.activation == "identity"

    def tower(self, modality: Modality) -> Tower:
        return self.image if modality == "image" else self.text

    def to(self, device: torch.device) -> Paired:
        """The same dictionary with both towers elsewhere; on one device already, it is itself."""
        return Paired(self.image.to(device), self.text.to(device), self.frame)

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        """Native codes. Raises ValueError for rows of another width."""
        tower = self.tower(modality)
        if x.shape[1] != tower.d_in:
            raise ValueError(
                f"{modality} has {x.shape[1]} columns, the dictionary wants {tower.d_in}: "
                "was it fitted on another backend?"
            )
        return tower.encode(x)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        return self.frame.align(codes, modality)

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        return self.tower(modality).decode(codes)

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        """What one unit of each aligned code adds to x, in original units."""
        tower = self.tower(modality)
        return self.frame.place(tower.W_dec / tower.scale, modality)


def nearness(u: Float[Tensor, "n d"], rows: Float[Tensor, "m d"]) -> Float[Tensor, "n m"]:
    """2 less the distance on the unit sphere: 2 for one direction, 2 - √2 for unrelated ones."""
    return near(normalize(u, dim=1) @ normalize(rows, dim=1).T)


def near(cosine: Float[Tensor, "*any"]) -> Float[Tensor, "*any"]:
    """The same of a cosine."""
    return 2 - (2 - 2 * cosine).clamp_min(1e-12).sqrt()


def same_width(image: int, text: int, wanted_by: str) -> None:
    """Raises ValueError, in one line, where a method needs one space and there are two."""
    if image != text:
        raise ValueError(
            f"image has {image} columns and text {text}: {wanted_by} needs equal widths, "
            "use one with two towers (separated, posthoc, jsae)"
        )
