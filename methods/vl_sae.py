"""VL-SAE: one encoder by distance reads both modalities, each has a decoder of its own.

    a_j = 2 - ‖x/‖x‖ - w_j/‖w_j‖‖,   z = TopK_k(a),   x̂ = z @ W_dec_m + b_m,   m = image, text
    loss = ½ (FVU_I + FVU_T)

arXiv 2510.21323. Every latent is positive on every input (2 - √2 where unrelated), so a code says
how near, never that something is absent: energies, correlations and firing rates read differently
here. Decoder rows are free, since codes hardly vary in length. It gets two thirds of the latents of
`shared`, as many parameters. The published code keeps 256 latents an input; by default k is the
budget's, as for all.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor
from torch.nn.functional import normalize

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.contracts.topk import k_strongest
from benchmark.sae.chosen import products_at
from benchmark.sae.dictionaries import Paired, near, nearness
from benchmark.sae.tied import one_encoder
from benchmark.sae.trainable import Pass, Sae
from benchmark.sae.training import Optimiser

PAPER: dict[str, object] = {"n_latents": 6144, "k": 256, "lr": 1e-3, "batch_size": 512}


class Near(Sae):
    """A dictionary whose code says how near the input is to each row of the encoder."""

    def pre_activations(self, u: Float[Tensor, "b d"]) -> Float[Tensor, "b m"]:
        return nearness(u, self.encoder)

    def forward(self, u: Float[Tensor, "b d"], kept: Bool[Tensor, " m"] | None = None) -> Pass:
        """One pass; nothing is masked here."""
        assert self.k is not None
        assert kept is None
        unit, rows = normalize(u, dim=1), normalize(self.encoder, dim=1)
        with torch.no_grad():
            cosines = unit @ rows.T
            indices = k_strongest(1 + cosines, self.k)[1]
        values = near(products_at(unit, rows, torch.zeros_like(self.b_enc), cosines, indices))
        return Pass(self.rebuilt(values, indices), values, indices)


@dataclass(frozen=True)
class VLSAE(Budget, Method):
    """`n_latents` counts parameters as everywhere: the dictionary has two thirds of it."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        free = Optimiser(unit_norm=False)
        fitted = one_encoder(data, self, "vl-sae", Near, free)
        image, text = (replace(t, activation="distance") for t in (fitted.image, fitted.text))
        return Artifact(Paired(image, text, fitted.frame), data.site, k=self.k)
