"""References that only reorder what choosing a latent sees: names, maps, and ceilings.

Each changes the subject itself as well, so that whatever does not read the tables agrees with them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from benchmark.contracts import (
    MODALITIES,
    Dictionary,
    Modality,
    PairedActivations,
    SparseCodes,
    Subject,
)
from benchmark.metrics.sides import COUNTS, SIDE, Side, Where, counts, frequent, side
from benchmark.metrics.subsets import caption_pairs, captions_as_images, rows_of
from benchmark.metrics.transfer import LEAST
from benchmark.references.changes import inheriting, nothing

OF_ROWS = ("native", COUNTS)
"""What a cache holds that no map changes."""
PLACES: tuple[Where, ...] = ("train", "test", "first", "second")


@dataclass(frozen=True, eq=False)
class Moved:
    """A dictionary whose aligned text latents have changed places: j goes to target[j]."""

    inner: Dictionary
    target: Int[Tensor, " w"]

    @property
    def width(self) -> int:
        return self.inner.width

    @property
    def linear(self) -> bool:
        return getattr(self.inner, "linear", False)

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        return self.inner.encode(x, modality)

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        return self.inner.decode(codes, modality)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        aligned = self.inner.align(codes, modality)
        return aligned if modality == "image" else self.moved(aligned)

    def moved(self, aligned: SparseCodes) -> SparseCodes:
        """Text codes of the inner dictionary with their latents in new places."""
        target = self.target.to(aligned.values.device)
        if aligned.indices is None:
            moved = torch.empty_like(aligned.values).index_copy_(1, target, aligned.values)
            return SparseCodes(moved, None, aligned.width)
        return SparseCodes.from_slots(aligned.values, target[aligned.indices], aligned.width)

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        rows = self.inner.directions(modality)
        if modality == "image":
            return rows
        return torch.empty_like(rows).index_copy_(0, self.target.to(rows.device), rows)


@dataclass(frozen=True, eq=False)
class OneModality:
    """A dictionary that takes everything for text."""

    inner: Dictionary

    @property
    def width(self) -> int:
        return self.inner.width

    @property
    def linear(self) -> bool:
        return getattr(self.inner, "linear", False)

    def encode(self, x: Float[Tensor, "n d"], modality: Modality) -> SparseCodes:
        del modality
        return self.inner.encode(x, "text")

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        del modality
        return self.inner.align(codes, "text")

    def decode(self, codes: SparseCodes, modality: Modality) -> Float[Tensor, "n d"]:
        del modality
        return self.inner.decode(codes, "text")

    def directions(self, modality: Modality) -> Float[Tensor, "w d"]:
        del modality
        return self.inner.directions("text")


def names_shuffled(subject: Subject, rng: np.random.Generator) -> Subject:
    """Captions get the names of other concepts, among those frequent enough to be scored.

    Column c of the text labels becomes order[c]; the concepts that count stay the same.
    """
    kept = frequent(subject, ("train", "test"), LEAST)
    order = np.arange(len(kept))
    order[kept] = rng.permutation(np.flatnonzero(kept))
    changed = {n: _renamed(getattr(subject, n), order) for n in ("train", "val", "test")}
    found = inheriting(subject, ("native", "aligned", "living", SIDE, COUNTS), **changed)
    for where in PLACES:
        found.cache[SIDE, where, "text"] = side(subject, where, "text").renamed(order)
        found.cache[COUNTS, where, "text"] = counts(subject, where, "text")[:, order]
    return found


def _renamed(data: PairedActivations, order: Int[np.ndarray, " c"]) -> PairedActivations:
    assert data.concepts is not None
    return replace(data, concepts=replace(data.concepts, text=data.concepts.text[:, order]))


def shuffled_map(subject: Subject, rng: np.random.Generator) -> Subject:
    """Matched text latents change places at random; what has no partner still has none."""
    target = torch.from_numpy(random_places(subject.dictionary, rng))
    dictionary = Moved(subject.dictionary, target)
    artifact = replace(subject.artifact, dictionary=dictionary)
    kept = inheriting(subject, ("native", "living", SIDE, COUNTS), artifact=artifact)
    stays = {k: v for k, v in kept.cache.items() if k[0] in OF_ROWS or k[-1] == "image"}
    found = replace(kept, cache=stays)
    for where in PLACES:
        found.cache[SIDE, where, "image"] = side(subject, where, "image")
        old, new = side(subject, where, "text"), np.argsort(target.numpy())
        found.cache[SIDE, where, "text"] = Side(old.auc[new], old.alive[new])
    return found


def random_places(dictionary: Dictionary, rng: np.random.Generator) -> Int[np.ndarray, " w"]:
    """A permutation of the coordinates at which both modalities have a latent."""
    present = [dictionary.directions(m).cpu().any(1).numpy() for m in MODALITIES]
    matched = np.flatnonzero(present[0] & present[1])
    places = np.arange(dictionary.width)
    places[matched] = rng.permutation(matched)
    return places


def chosen_in_place(subject: Subject, rng: np.random.Generator) -> Subject:
    """Ceiling of transfer: the latent is chosen in the modality in which it is scored."""
    del rng
    return _exchanged(subject, "train")


def halves_of_one_modality(subject: Subject, rng: np.random.Generator) -> Subject:
    """Ceiling of correspondence: both halves show the same modality, so the map is the identity."""
    del rng
    return _exchanged(subject, "second")


def other_captions(subject: Subject, rng: np.random.Generator) -> Subject:
    """Control: one caption of each image stands in for it, under the text dictionary.

    What remains of the distance between modalities is that two people describe one picture.
    Wants nothing where no image has two captions.
    """
    del rng
    data: dict[str, Any] = {}
    cache: dict[Any, Any] = {}
    for name in ("train", "test"):
        old = getattr(subject, name)
        first, rest, owner = caption_pairs(old)
        if not len(first):
            return nothing(subject)
        data[name] = captions_as_images(old, first, rest, owner)
        for modality, captions in (("image", first), ("text", rest)):
            rows, _ = rows_of(old.text_owner, captions)
            cache["native", name, modality] = subject.native(name, "text")[rows]
            cache["aligned", name, modality] = subject.codes(name, "text")[captions]
    artifact = replace(subject.artifact, dictionary=OneModality(subject.dictionary))
    return replace(subject, artifact=artifact, siblings=(), cache=cache, **data)


def _exchanged(subject: Subject, where: Where) -> Subject:
    """Image and text trade their sides on some rows; the concepts that count stay the same."""
    found = inheriting(subject, ("native", "aligned", "living", SIDE, COUNTS))
    for place in PLACES:
        for modality in MODALITIES:
            found.cache[SIDE, place, modality] = side(subject, place, modality)
    for modality, other in zip(MODALITIES, MODALITIES[::-1], strict=True):
        found.cache[SIDE, where, modality] = side(subject, where, other)
    return found
