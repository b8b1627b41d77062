"""Separated: one TopK SAE for each modality, and no claim about which latents correspond.

    z = TopK_k(ReLU((x - b_dec) @ W_enc + b_enc)),   x̂ = z @ W_dec + b_dec
    loss = Σ‖x - x̂‖² / Σ‖x - μ‖²   (each modality by itself)

"Same Concept, Different Directions", arXiv 2606.29888: with latents to spare it is optimal to keep
a concept's image and text direction apart, so this is the best reconstruction and no retrieval.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import disjoint
from benchmark.sae.training import single

PAPER: dict[str, object] = {"n_latents": 8192, "k": 32, "lr": 5e-4, "batch_size": 1024}


@dataclass(frozen=True)
class Separated(Budget, Method):
    """Two towers of half the latents each; text latents live behind the image latents."""

    needs: ClassVar[frozenset[Need]] = frozenset()
    auxk: float = 0.0
    """Weight of the term that revives dead latents; 0 leaves it out."""

    def fit(self, data: TrainingData) -> Artifact:
        image = single(data, "image", self, auxk=self.auxk)
        text = single(data, "text", self, auxk=self.auxk)
        frame = disjoint(image.d_sae, text.d_sae)
        return Artifact(Paired(image, text, frame), data.site, k=self.k)
