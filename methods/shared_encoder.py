"""Shared encoder: one TopK encoder reads both modalities, each has a decoder of its own.

    z = TopK_k(ReLU((x - b_m) @ W_enc + b_enc)),   x̂ = z @ W_dec_m + b_m,   m = image, text
    loss = ½ (FVU_I + FVU_T)

The ablation in the code of "Same Concept, Different Directions", arXiv 2606.29888, left out of its
tables: a concept keeps two directions and one latent. Encoder and two decoders have as many
parameters as `shared` at two thirds of the latents, which is what it gets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.tied import one_encoder

PAPER: dict[str, object] = {"n_latents": 6144, "k": 32, "lr": 5e-4, "batch_size": 1024}


@dataclass(frozen=True)
class SharedEncoder(Budget, Method):
    """`n_latents` counts parameters as everywhere: the dictionary has two thirds of it."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        return Artifact(one_encoder(data, self, "shared encoder"), data.site, k=self.k)
