"""Patch SAE: one TopK SAE on a vision tower's patch tokens, one on text; no latent is shared.

    z = TopK_k(ReLU((x - b_dec) @ W_enc + b_enc)),   x̂ = z @ W_dec + b_dec,   x: a patch token

The patch-level vision-only baseline of VISTA (arXiv 2605.24946; PatchSAE, arXiv 2412.05276), here
on the same tower, before the projector, beside the same language model.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import disjoint
from benchmark.sae.training import single


@dataclass(frozen=True)
class PatchSae(Budget, Method):
    """Half of the latents for what the projector reads of a patch; half for tokens of text."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.GENERATION})
    site: ClassVar[str | None] = "tower/tokens"

    def fit(self, data: TrainingData) -> Artifact:
        image, text = single(data, "image", self), single(data, "text", self)
        return Artifact(Paired(image, text, disjoint(image.d_sae, text.d_sae)), data.site, k=self.k)
