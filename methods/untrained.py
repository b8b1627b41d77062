"""Untrained: the SAE at its initial weights, which can already look interpretable.

    W_enc = W_decᵀ, random unit rows,   b_enc = 0,   b_dec = the train mean

`untrained` is `shared` before its first step: one random dictionary for both modalities, so what
the backend has aligned already shows. `untrained-separated` is `separated` before its first step.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar, Literal

from benchmark.contracts import Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Same, disjoint
from benchmark.sae.training import shared_start, single

PRESETS: dict[str, dict[str, object]] = {"separated": {"start": "separated"}}


@dataclass(frozen=True)
class Untrained(Budget, Method):
    """Takes the mean and the scale of train, nothing else."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.SAME_WIDTH})
    start: Literal["shared", "separated"] = "shared"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.start == "separated":
            object.__setattr__(self, "needs", self.needs - {Need.SAME_WIDTH})

    def fit(self, data: TrainingData) -> Artifact:
        if self.start == "separated":
            image = single(data, "image", self, trained=False)
            text = single(data, "text", self, trained=False)
            paired = Paired(image, text, disjoint(image.d_sae, text.d_sae))
            return Artifact(paired, data.site, k=self.k)
        sae, source = shared_start(data, self)
        tower = sae.tower(source["image"].scale)
        text = replace(tower, scale=source["text"].scale)
        return Artifact(Paired(tower, text, Same(self.n_latents)), data.site, k=self.k)
