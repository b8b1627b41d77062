"""Post-hoc: the towers of `separated`, unchanged, and a map between their latents.

    r_ij = corr(z_I,i , z_T,j) over train pairs (signed);   π = argmax Σ max(r_i,π(i), 0)

Hungarian assignment over alive latents, arXiv 2606.29888. Matches with r under the 99th percentile
of shuffled partners, or under a larger cut chosen on val, are dropped; `nocut` keeps them all, as
the paper does.
`procrustes` and `cca` map whole codes: they retrieve better, but latents lose their identity.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from benchmark.alignment.mapping import Operator, post_hoc
from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.training import single

PRESETS: dict[str, dict[str, object]] = {
    "greedy": {"operator": "greedy"},
    "sinkhorn": {"operator": "sinkhorn"},
    "decoder": {"operator": "decoder"},
    "procrustes": {"operator": "procrustes"},
    "cca": {"operator": "cca"},
    "nocut": {"cut": False},
}
PAPER: dict[str, object] = {
    "n_latents": 8192,
    "k": 32,
    "lr": 5e-4,
    "batch_size": 1024,
    "cut": False,
}


@dataclass(frozen=True)
class PostHoc(Budget, Method):
    """Reconstructs exactly as `separated` of the same seed: only the frame differs."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    operator: Operator = "hungarian"
    cut: bool = True
    auxk: float = 0.0
    """Weight of the term that revives dead latents; 0 leaves it out."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.operator == "decoder":
            object.__setattr__(self, "needs", self.needs | {Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        image = single(data, "image", self, auxk=self.auxk)
        text = single(data, "text", self, auxk=self.auxk)
        dictionary, chosen = post_hoc(image, text, data, self.operator, cut=self.cut)
        return Artifact(dictionary, data.site, k=self.k, chosen=chosen)
