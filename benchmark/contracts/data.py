"""Examples of a data set, and the activations that a model makes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8
from torch import Tensor

from benchmark.contracts.needs import Modality, Need, Split


@dataclass(frozen=True)
class Site:
    """Where activations are read. `name` is what `--site` takes; modules are real dotted paths."""

    name: str
    image_module: str
    text_module: str
    block: int | None = None
    pool: Literal["model", "mean", "last", "none"] = "model"


@dataclass(frozen=True)
class Concepts:
    """Which concept is in which example: in the picture, and asserted by the caption."""

    names: tuple[str, ...]
    kinds: tuple[str, ...]
    image: Bool[np.ndarray, "n_i c"]
    text: Bool[np.ndarray, "n_t c"]


@dataclass(frozen=True)
class Negatives:
    """Captions made false by one swap: two colours, or two positions."""

    captions: tuple[str, ...]
    caption: Int[np.ndarray, " n"]
    """Index of the true caption that each was made from."""
    kinds: tuple[str, ...]


@dataclass(frozen=True)
class Planted:
    """The true dictionaries of a synthetic world; the first `n_shared` atoms of both correspond."""

    image_atoms: Float[Tensor, "a_i d"]
    text_atoms: Float[Tensor, "a_t d"]
    n_shared: int
    noise: float


class Examples(Protocol):
    """One split of a data set, as a backend reads it. Rows never change order."""

    @property
    def ids(self) -> Sequence[str]: ...

    @property
    def captions(self) -> Sequence[str]: ...

    @property
    def caption_of(self) -> Int[np.ndarray, " n_t"]:
        """Index of the image that each caption was written for."""
        ...

    @property
    def concepts(self) -> Concepts | None: ...

    @property
    def negatives(self) -> Negatives | None: ...

    def images(self, start: int, stop: int) -> UInt8[np.ndarray, "b h w 3"] | Sequence[Any]:
        """Pictures start..stop: one uint8 RGB array, or PIL images where sizes differ."""
        ...

    def true_pairs(self) -> Int[np.ndarray, "p 2"]:
        """Every (image, caption) that is true, also those not written for each other."""
        ...


Talk = Sequence[tuple[str, str]]
"""Questions about one picture, each with its one true answer."""
DESCRIBE = "Describe the image."


@runtime_checkable
class Discussed(Protocol):
    """Examples that come with questions and answers: what a model is taught to say of them."""

    def talks(self, start: int, stop: int) -> Sequence[Talk]:
        """The talk about each picture start..stop; one question or more."""
        ...


@runtime_checkable
class HoldsOut(Protocol):
    """Examples some of which show a combination that train and val never show."""

    @property
    def has_held_out(self) -> Bool[np.ndarray, " n_i"]:
        """Whether a picture is one of them."""
        ...


def talks_of(examples: Examples, start: int, stop: int) -> Sequence[Talk]:
    """The talk about each picture start..stop; where there is none, its captions as answers.

    Raises ValueError, one line, for a picture without a caption.
    """
    if isinstance(examples, Discussed):
        return examples.talks(start, stop)
    owners = np.asarray(examples.caption_of)
    written = [np.flatnonzero(owners == i) for i in range(start, stop)]
    for i, captions in enumerate(written, start=start):
        if not len(captions):
            raise ValueError(f"picture {examples.ids[i]} has no caption and no talk, wanted one")
    return [[(DESCRIBE, examples.captions[int(captions[0])])] for captions in written]


class Dataset(Protocol):
    """Pictures, captions and what is known of them, split by image."""

    @property
    def name(self) -> str: ...

    @property
    def revision(self) -> str: ...

    @property
    def licence(self) -> str: ...

    @property
    def provides(self) -> frozenset[Need]: ...

    @property
    def planted(self) -> Planted | None: ...

    def split(self, name: Split) -> Examples:
        """The examples of one split; "all" is every row."""
        ...


@runtime_checkable
class Renewable(Protocol):
    """A data set that is drawn: it has as many tests as there are seeds."""

    def with_fresh_test(self, seed: int) -> Dataset:
        """The same data, train, val and truth included, but for a test split drawn from a seed."""
        ...


class Ragged(NamedTuple):
    """Rows of several examples one after the other, and how many each example has."""

    rows: Float[Tensor, "r d"]
    counts: Int[Tensor, " b"]


@dataclass(frozen=True, eq=False)
class PairedActivations:
    """What a backend says of one split: rows of both modalities and which belong together."""

    image: Float[Tensor, "r_i d_i"]
    text: Float[Tensor, "r_t d_t"]
    image_owner: Int[Tensor, " r_i"]
    """Image that each row belongs to: arange when pooled, repeated when rows are tokens."""
    text_owner: Int[Tensor, " r_t"]
    caption_of: Int[Tensor, " n_t"]
    """Image that each caption was written for: the pairs to train on."""
    pairs: Int[Tensor, "p 2"]
    """Every true (image, caption). On train these are the written ones: nothing is scored there."""
    ids: tuple[str, ...]
    fingerprint: str
    """sha256 over model, preprocessing, data, site and split: equal means equal numbers."""
    concepts: Concepts | None = None
    negatives: Float[Tensor, "r_n d_t"] | None = None
    negative_owner: Int[Tensor, " r_n"] | None = None
    """False caption that each of those rows belongs to."""
    negative_of: Int[Tensor, " n_n"] | None = None
    """The true caption that each false one was made from."""
    negative_kinds: tuple[str, ...] = ()

    @property
    def n_images(self) -> int:
        return len(self.ids)

    @property
    def n_texts(self) -> int:
        return len(self.caption_of)

    def rows(self, modality: Modality) -> Float[Tensor, "r d"]:
        """Activations of one modality."""
        return self.image if modality == "image" else self.text

    def labels(self, modality: Modality) -> Bool[np.ndarray, "n c"]:
        """Concept labels of one modality. Raises ValueError where the data have none."""
        if self.concepts is None:
            raise ValueError(f"needs {Need.CONCEPTS.value}: these activations carry none")
        return self.concepts.image if modality == "image" else self.concepts.text

    def owner(self, modality: Modality) -> Int[Tensor, " r"]:
        """Example that each row of one modality belongs to."""
        return self.image_owner if modality == "image" else self.text_owner

    def n_examples(self, modality: Modality) -> int:
        """Images, or texts."""
        return self.n_images if modality == "image" else self.n_texts

    @property
    def pooled(self) -> bool:
        """One row per example in both modalities."""
        return len(self.image) == self.n_images and len(self.text) == self.n_texts
