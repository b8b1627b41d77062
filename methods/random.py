"""Random: unit directions drawn blindly, as many of them active as for a trained dictionary.

    W_dec[j] ~ uniform on the sphere,   z = TopK_k(ReLU((x - μ) @ W_decᵀ)),   x̂ = z @ W_dec + μ

The floor of every interpretability score. Both modalities draw for themselves and claim index
identity, so that nothing but chance makes two latents agree.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch.nn.functional import normalize

from benchmark.contracts import Artifact, Budget, Method, Modality, Need, TrainingData
from benchmark.sae.dictionaries import Paired, Tower
from benchmark.sae.frames import Same
from benchmark.sae.training import rows


@dataclass(frozen=True)
class Random(Budget, Method):
    """Takes the mean and the scale of train, nothing else; strengths are plain projections."""

    needs: ClassVar[frozenset[Need]] = frozenset()

    def fit(self, data: TrainingData) -> Artifact:
        image, text = self._tower(data, "image"), self._tower(data, "text")
        return Artifact(Paired(image, text, Same(image.d_sae)), data.site, k=self.k)

    def _tower(self, data: TrainingData, modality: Modality) -> Tower:
        source, m = rows(data, modality), self.n_latents // 2
        draws = torch.randn(m, source.d, generator=data.generator(f"random/{modality}"))
        W_dec = normalize(draws, dim=1)
        W_enc = W_dec.T.contiguous()
        return Tower(W_enc, torch.zeros(m), W_dec, source.mean.cpu(), source.scale, "topk", self.k)
