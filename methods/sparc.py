"""SPARC: two SAEs whose codes share their support, each of which must rebuild the partner too.

    S = the k latents with the largest ReLU(l_I + l_T),   l_m = (x_m - b_m) @ W_enc_m + b_enc_m
    z_m = ReLU(l_m) on S,   loss = ½ Σ_m FVU(x̂_m from z_m) + c · ½ Σ_m FVU(x̂_m from the partner's z)

arXiv 2507.06265, "global TopK" and c = 1. Such a code sees the partner: with it a retrieval score
would be of the pairing. So the two towers are evaluated one by one, each with its own TopK, which
training never asked of them. Two towers of half the latents each. Where rows are tokens, tokens
drawn at random of both examples make the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Same
from benchmark.sae.joint_codes import strongest
from benchmark.sae.pairs import pair_batches
from benchmark.sae.trainable import fvu
from benchmark.sae.training import separate_start, train

PRESETS: dict[str, dict[str, object]] = {"nocross": {"cross": 0.0}}
PAPER: dict[str, object] = {"n_latents": 16_384, "k": 64}


@dataclass(frozen=True)
class Sparc(Budget, Method):
    """`cross` weighs rebuilding the partner against rebuilding oneself."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    cross: float = 1.0

    def fit(self, data: TrainingData) -> Artifact:
        saes, sources = separate_start(data, self)
        batches = pair_batches(data, self)

        def loss(step: int) -> Float[Tensor, ""]:
            drawn = batches(step)
            u = {m: sources[m].take(drawn[m]) for m in MODALITIES}
            with torch.no_grad():
                logits = {m: saes[m].pre_activations(u[m]) for m in MODALITIES}
                support = strongest(logits["image"] + logits["text"], self.k)
            z = {m: saes[m].pre_activations_at(u[m], logits[m], support).relu() for m in MODALITIES}

            def rebuilt(swapped: bool) -> Float[Tensor, ""]:
                of = dict(zip(MODALITIES, MODALITIES[::-1] if swapped else MODALITIES, strict=True))
                found = [fvu(saes[m].rebuilt(z[of[m]], support), u[m]) for m in MODALITIES]
                return torch.stack(found).mean()

            return rebuilt(False) + (self.cross * rebuilt(True) if self.cross else 0)

        train(list(saes.values()), loss, self, data, "sparc")
        towers = {m: saes[m].tower(sources[m].scale) for m in MODALITIES}
        frame = Same(self.n_latents // 2)
        return Artifact(Paired(**towers, frame=frame), data.site, k=self.k)
