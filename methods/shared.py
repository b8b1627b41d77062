"""Shared: one TopK SAE reads and writes both modalities; latent j is latent j.

    z = TopK_k(ReLU((x - b_dec) @ W_enc + b_enc)),   x̂ = z @ W_dec + b_dec
    loss = ½ Σ‖x - x̂‖² / Σ‖x - μ_x‖²  +  ½ Σ‖y - ŷ‖² / Σ‖y - μ_y‖²

The baseline of "Same Concept, Different Directions", arXiv 2606.29888: a concept whose image and
text directions differ is split over two latents, or blurred into one between them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.dictionaries import Paired
from benchmark.frames import Same
from benchmark.sae import fvu
from benchmark.training import order, shared_start, train, written_pairs

PAPER: dict[str, object] = {"n_latents": 8192, "k": 32, "lr": 5e-4, "batch_size": 1024}


@dataclass(frozen=True)
class Shared(Budget, Method):
    """All latents of the budget in one dictionary; each step sees a batch of pairs."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        sae, source = shared_start(data, self)
        image, text = source["image"], source["text"]
        image_of, text_of = written_pairs(data.train)
        batches = order(len(text_of), self, data.generator("order/pairs"))

        def loss(step: int) -> torch.Tensor:
            u, v = image.take(image_of[batches[step]]), text.take(text_of[batches[step]])
            out = sae(torch.cat([u, v])).out
            return (fvu(out[: len(u)], u) + fvu(out[len(u) :], v)) / 2

        train([sae], loss, self, data, "shared dictionary")
        tower = sae.tower(image.scale)
        dictionary = Paired(tower, replace(tower, scale=text.scale), Same(self.n_latents))
        return Artifact(dictionary, data.site, k=self.k)
