"""Group-sparse: one shared SAE, a pair's codes charged as one, latents masked for both at random.

    z_I = TopK_k(M ∘ ReLU((x - b_I) @ W_enc + b_enc)),   z_T likewise with b_T and the same mask M
    loss = ½ (FVU_I + FVU_T) + λ mean Σ_j √(z_I,j² + z_T,j²) / √d

"Decomposing multimodal embedding spaces with group-sparse autoencoders", arXiv 2601.20028: a latent
of the dictionary is within reach of a step with probability 1 - p, drawn once for both modalities.
A sweep on val chose λ and p: no mask at our budget. `masked` has the published p and λ, `untuned`
is what arXiv 2606.29888 compares with: that λ, no mask. The group norm is of scaled rows, over √d
their length, so λ weighs against FVU. The budget is that of `shared`, and a decoder bias for each
modality.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.joint_codes import group_norm
from benchmark.sae.tied import shared_with
from benchmark.sae.trainable import Pass

PRESETS: dict[str, dict[str, object]] = {
    "masked": {"masked": 0.2, "lambda_g": 0.05},
    "untuned": {"lambda_g": 0.05},
}
PAPER: dict[str, object] = {
    "n_latents": 8192,
    "k": 32,
    "lr": 5e-4,
    "batch_size": 128,
    "steps": 25_000,
    "lambda_g": 0.05,
    "masked": 0.2,
}


@dataclass(frozen=True)
class GroupSparse(Budget, Method):
    """`masked` is the chance of a latent to be out of reach in a step, `lambda_g` the weight λ."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.SAME_WIDTH})
    lambda_g: float = 0.03
    masked: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 <= self.masked < 1:
            raise ValueError(f"masked is {self.masked}, wanted a share from 0 to less than 1")

    def fit(self, data: TrainingData) -> Artifact:
        width = data.train.image.shape[1] ** 0.5

        def penalty(image: Pass, text: Pass) -> Float[Tensor, ""]:
            return self.lambda_g * group_norm(image, text, self.n_latents).mean() / width

        dictionary = shared_with(
            data, self, penalty, "group-sparse dictionary", own_bias=True, masked=self.masked
        )
        return Artifact(dictionary, data.site, k=self.k)
