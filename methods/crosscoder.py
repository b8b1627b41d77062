"""Crosscoder: one code of both modalities together, each rebuilt from it by its own decoder.

    z = TopK_k(ReLU(Σ_m (x_m - b_m) @ W_enc_m + b_enc)),   x̂_m = z @ W_dec_m + b_m
    loss = ½ (FVU_I + FVU_T)

Lindsey et al., "Sparse crosscoders for cross-layer features and model diffing", 2024, with TopK in
place of the weighted L1. A code of both would leak the pairing into every score, so at evaluation
each modality is encoded alone, with the other at its mean: half of the sum. What is then missing in
length is put back by one factor a modality, fitted on train, on the decoder. Two towers of half the
latents each. Where rows are tokens, tokens drawn at random of both examples make the pairs.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.chosen import products_at
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.joint_codes import strongest
from benchmark.sae.pairs import pair_batches
from benchmark.sae.trainable import fvu
from benchmark.sae.training import separate_start, train

PAPER: dict[str, object] = {"n_latents": 8192, "k": 32, "lr": 5e-4, "batch_size": 1024}
N_ROWS = 8192
"""Train rows that the factor of a modality is fitted on, the first ones."""


@dataclass(frozen=True)
class Crosscoder(Budget, Method):
    """Trained on joint codes, scored on codes of one modality."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})

    def fit(self, data: TrainingData) -> Artifact:
        saes, sources = separate_start(data, self)
        b_enc = saes["text"].b_enc = saes["image"].b_enc
        batches = pair_batches(data, self)

        def loss(step: int) -> Float[Tensor, ""]:
            drawn = batches(step)
            u = {m: sources[m].take(drawn[m]) for m in MODALITIES}
            centred = [u[m] - saes[m].b_dec for m in MODALITIES]
            rows = [saes[m].encoder for m in MODALITIES]
            with torch.no_grad():
                image, text = (x @ each.T for x, each in zip(centred, rows, strict=True))
                image += b_enc
                indices = strongest(image + text, self.k)
            none = torch.zeros_like(b_enc)
            seen = products_at(centred[0], rows[0], b_enc, image, indices)
            read = products_at(centred[1], rows[1], none, text, indices)
            values = (seen + read).relu()
            found = [fvu(saes[m].rebuilt(values, indices), u[m]) for m in MODALITIES]
            return (found[0] + found[1]) / 2

        train(list(saes.values()), loss, self, data, "crosscoder")
        towers, chosen = {}, {}
        for m in MODALITIES:
            alone = saes[m].tower(sources[m].scale)
            factor = length(alone, data.train.rows(m)[:N_ROWS])
            towers[m] = replace(alone, W_dec=alone.W_dec * factor)
            chosen[f"factor/{m}"] = factor
        frame = Same(self.n_latents // 2)
        return Artifact(Paired(**towers, frame=frame), data.site, k=self.k, chosen=chosen)


def length(tower: Tower, x: Float[Tensor, "n d"]) -> float:
    """The factor on its decoder with which a tower rebuilds rows best; 1 where nothing fires."""
    centre = tower.b_dec / tower.scale
    rebuilt = tower.decode(tower.encode(x)) - centre
    square = float(rebuilt.double().square().sum())
    along = float((rebuilt.double() * (x.to(rebuilt) - centre).double()).sum())
    return along / square if square > 0 else 1.0
