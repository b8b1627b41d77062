"""Latents that never fire: the code of the others is what it was, directions stay."""

from __future__ import annotations

from dataclasses import dataclass

from jaxtyping import Float
from torch import Tensor

from benchmark.audit.levels import Point
from benchmark.audit.places import Chosen, chosen
from benchmark.audit.turning import with_dictionary
from benchmark.contracts import MODALITIES, Dictionary, Modality, SparseCodes, Split, Subject

SPLITS: tuple[Split, ...] = ("train", "val", "test")


@dataclass(frozen=True, eq=False)
class Silent:
    """A dictionary with some latents cut out of every code."""

    inner: Dictionary
    cut: Chosen

    @property
    def width(self) -> int:
        return self.inner.width

    @property
    def linear(self) -> bool:
        return getattr(self.inner, "linear", False)

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        return self.inner.encode(x, modality).without(self.cut[modality])

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        return self.inner.align(codes, modality)

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        return self.inner.decode(codes, modality)

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        return self.inner.directions(modality)


def dropped(subject: Subject, point: Point) -> Subject:
    """A share of the latents never fires, in either modality."""
    cut = chosen(subject, point)
    found = with_dictionary(subject, Silent(subject.dictionary, cut))
    for split in SPLITS:
        for modality in MODALITIES:
            whole = subject.native(split, modality)
            found.cache["native", split, modality] = whole.without(cut[modality])
    return found
