"""A sound task: how alike the codes of a caption and its image are."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
import torch
from torch.nn.functional import cosine_similarity

from benchmark.contracts import Metric, Need, Reference, Subject, Task, Units


def shuffled(subject: Subject, rng: np.random.Generator) -> Subject:
    order = torch.from_numpy(rng.permutation(subject.test.n_images))
    caption_of = order[subject.test.caption_of]
    return subject.with_(test=replace(subject.test, caption_of=caption_of))


def centred(subject: Subject, rng: np.random.Generator) -> Subject:
    del rng
    image = subject.test.image - subject.test.image.mean(0)
    return subject.with_(test=replace(subject.test, image=image))


@dataclass(frozen=True)
class Agreement(Task):
    """Cosine of aligned codes over written pairs."""

    variant: Literal["fair", "paper"] = "fair"
    question: ClassVar[str] = "Do a caption and its image share their latents?"
    version: ClassVar[int] = 1
    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    fits: ClassVar[bool] = False
    metrics: ClassVar[tuple[Metric, ...]] = (
        Metric("agreement", "caption", True, "mean cos(z_I, z_T)", main=True),
        Metric("l0/image", "image", None, "mean count of latents that fire"),
    )
    references: ClassVar[tuple[Reference, ...]] = (
        Reference("shuffled", "null", shuffled, draws=5),
        Reference("centred", "baseline", centred, metrics=("agree*",)),
    )

    def score(self, subject: Subject) -> dict[str, Units]:
        owner = subject.test.caption_of
        image = subject.codes("test", "image").dense()
        text = subject.codes("test", "text").dense()
        alike = cosine_similarity(image[owner], text, dim=1).double().numpy()
        l0 = subject.native("test", "image").l0().double().numpy()
        return {
            "agreement": Units(alike, cluster=owner.numpy()),
            "l0/image": Units(l0),
        }
