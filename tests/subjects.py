"""Tiny subjects whose codes are written by hand, and a planted world whose answers are known."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from benchmark.contracts import (
    Artifact,
    Concepts,
    Dictionary,
    Modality,
    PairedActivations,
    Site,
    SparseCodes,
    Subject,
)
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Frame, Matched, Same

SITE = Site("here", "image.module", "text.module")


@dataclass(frozen=True, eq=False)
class Written:
    """A row is its own code: negative entries count, zeros are silent. Decodes to `back`."""

    width: int
    back: Tensor | None = None

    def encode(self, x: Tensor, modality: Modality) -> SparseCodes:
        del modality
        k = max(1, int((x != 0).sum(1).max()))
        slots = x.abs().topk(k, dim=1).indices
        return SparseCodes.from_slots(x.gather(1, slots), slots, self.width)

    def align(self, codes: SparseCodes, modality: Modality) -> SparseCodes:
        del modality
        return codes

    def decode(self, codes: SparseCodes, modality: Modality) -> Tensor:
        del modality
        return codes.dense() if self.back is None else self.back.expand(len(codes), -1).clone()

    def directions(self, modality: Modality) -> Tensor:
        del modality
        return torch.eye(self.width)


def activations(
    image: Tensor,
    text: Tensor,
    caption_of: list[int] | None = None,
    pairs: list[tuple[int, int]] | None = None,
    concepts: Concepts | None = None,
) -> PairedActivations:
    """One row an example; by default caption j is of image j and of no other."""
    owner = torch.tensor(caption_of) if caption_of is not None else torch.arange(len(text))
    written = torch.stack([owner, torch.arange(len(text))], dim=1)
    return PairedActivations(
        image=image,
        text=text,
        image_owner=torch.arange(len(image)),
        text_owner=torch.arange(len(text)),
        caption_of=owner,
        pairs=written if pairs is None else torch.tensor(pairs),
        ids=tuple(str(i) for i in range(len(image))),
        fingerprint="by hand",
        concepts=concepts,
    )


def subject(
    test: PairedActivations,
    dictionary: Dictionary | None = None,
    train: PairedActivations | None = None,
    k: int | None = None,
    batch_size: int = 4096,
) -> Subject:
    """A subject whose train and val are its test unless another train is given."""
    found = dictionary or Written(test.image.shape[1])
    train = test if train is None else train
    return Subject(Artifact(found, SITE, k=k), train, train, test, 0, batch_size=batch_size)


def unit_rows(n: int, d: int, seed: int) -> Tensor:
    drawn = torch.randn(n, d, generator=torch.Generator().manual_seed(seed))
    return torch.nn.functional.normalize(drawn, dim=1)


@dataclass(frozen=True, eq=False)
class World:
    """Twelve concepts, four at a time; captions leave some out; the two modalities share no space.

    Image atom c and text atom c mean the same and are unrelated directions, so that nothing but a
    map over latents can carry a concept across.
    """

    d: int = 48
    n_concepts: int = 12

    def atoms(self, modality: Modality) -> Tensor:
        return unit_rows(self.d, self.d, 1 if modality == "image" else 2)[: self.n_concepts]

    def split(self, n: int, seed: int) -> PairedActivations:
        rng = np.random.default_rng(seed)
        shown = np.argsort(rng.random((n, self.n_concepts)), axis=1) < 4
        owner = np.repeat(np.arange(n), 2)
        told = shown[owner] & (rng.random((2 * n, self.n_concepts)) < 0.8)
        names = tuple(f"concept {c}" for c in range(self.n_concepts))
        rows = {}
        for modality, present in (("image", shown), ("text", told)):
            strength = present * (1 + rng.exponential(size=present.shape))
            noise = 0.01 * rng.standard_normal((len(present), self.d))
            clean = torch.from_numpy(strength).float() @ self.atoms(modality)
            rows[modality] = clean + torch.from_numpy(noise).float()
        concepts = Concepts(names, ("object",) * self.n_concepts, shown, told)
        return activations(rows["image"], rows["text"], owner.tolist(), concepts=concepts)

    def tower(self, modality: Modality, order: Tensor, k: int) -> Tower:
        """The planted dictionary: the encoder is the pseudo-inverse of the atoms."""
        atoms = self.atoms(modality)[order]
        encoder = torch.linalg.pinv(atoms)
        return Tower(encoder, torch.full((len(atoms),), -0.1), atoms, torch.zeros(self.d), k=k)

    def dictionary(self, frame: Frame | None = None, k: int = 4) -> Paired:
        """Towers whose latents stand in unrelated order; by default the frame that undoes it."""
        generator = torch.Generator().manual_seed(3)
        order = torch.randperm(self.n_concepts, generator=generator)
        image = self.tower("image", torch.arange(self.n_concepts), k)
        return Paired(image, self.tower("text", order, k), frame or Matched(self.n_concepts, order))

    def subject(self, frame: Frame | None = None, k: int = 4) -> Subject:
        made = self.dictionary(frame, k)
        return subject(self.split(300, 11), made, train=self.split(600, 12), k=k)


def wrongly_same(world: World) -> Frame:
    """The claim that latents already agree, which they do not."""
    return Same(world.n_concepts)
