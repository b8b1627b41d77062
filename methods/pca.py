"""PCA: the k directions of most variance, one basis for both modalities, a dense signed code.

    z = (x - μ_modality) @ Cᵀ,   x̂ = z @ C + μ_modality,   C = top-k eigenvectors of Σ_I + Σ_T

Each modality loses its own mean first, else the gap between them is the first component; the two
covariances are of scaled rows, so that neither modality dominates. A baseline that a sparse
dictionary of the same k should beat in reconstruction: it may choose its k anew for each input.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.dictionaries import Paired, Tower, same_width
from benchmark.sae.frames import Same
from benchmark.sae.training import Rows, rows


@dataclass(frozen=True)
class PCA(Budget, Method):
    """k components of the budget, or all d where d is smaller."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.SAME_WIDTH})
    provides: ClassVar[frozenset[Need]] = frozenset()

    def fit(self, data: TrainingData) -> Artifact:
        image, text = rows(data, "image"), rows(data, "text")
        same_width(image.d, text.d, "a shared basis")
        vectors = torch.linalg.eigh(covariance(image) + covariance(text)).eigenvectors
        components = vectors.flip(1)[:, : self.k].float().cpu().contiguous()
        width = components.shape[1]
        towers = [
            Tower(
                W_enc=components,
                b_enc=torch.zeros(width),
                W_dec=components.T.contiguous(),
                b_dec=source.mean.cpu(),
                scale=source.scale,
                activation="identity",
            )
            for source in (image, text)
        ]
        return Artifact(Paired(towers[0], towers[1], Same(width)), data.site, k=self.k)


def covariance(source: Rows) -> Float[Tensor, "d d"]:
    """Covariance of scaled rows about their mean, summed in float64."""
    parts = (part * source.scale - source.mean for part in source.x.split(65_536))
    total = sum(part.double().T @ part.double() for part in parts)
    return torch.as_tensor(total) / len(source.x)
