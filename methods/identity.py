"""Identity: the activations themselves as codes, x̂ = x; the dense baseline of every task.

Nothing is fitted, centred or scaled, so cosines of codes are cosines of raw rows. It has no
latents: a coordinate is not meant to mean anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch

from benchmark.contracts import Artifact, Method, Modality, Need, TrainingData
from benchmark.sae.dictionaries import Paired, Tower, same_width
from benchmark.sae.frames import Same


@dataclass(frozen=True)
class Identity(Method):
    """No settings and no budget: a baseline that a method may beat, not a ceiling."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.SAME_WIDTH})
    provides: ClassVar[frozenset[Need]] = frozenset()
    fits: ClassVar[bool] = False

    def fit(self, data: TrainingData) -> Artifact:
        d = {m: data.train.rows(m).shape[1] for m in _SIDES}
        same_width(d["image"], d["text"], "identity")
        one = torch.eye(d["image"])
        tower = Tower(one, torch.zeros(len(one)), one, torch.zeros(len(one)), 1.0, "identity")
        return Artifact(Paired(tower, tower, Same(len(one))), data.site)


_SIDES: tuple[Modality, Modality] = ("image", "text")
