"""A sound method with a dictionary of its own: random directions around the train mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact, Method, Need, SparseCodes, TrainingData

PRESETS: dict[str, dict[str, object]] = {"wide": {"n": 64}}
PAPER: dict[str, object] = {"n": 128}


@dataclass(frozen=True, eq=False)
class Plain:
    """Text latents stand behind image latents."""

    rows: dict[str, Tensor]
    means: dict[str, Tensor]
    n: int
    k: int

    @property
    def width(self) -> int:
        return 2 * self.n

    def encode(self, x: Tensor, modality: str) -> SparseCodes:
        x = x - self.means[modality]
        values, indices = (x @ self.rows[modality].T).relu().topk(self.k, dim=1)
        return SparseCodes.from_slots(values, indices, self.n)

    def align(self, codes: SparseCodes, modality: str) -> SparseCodes:
        shift = self.n if modality == "text" else 0
        return SparseCodes.from_slots(codes.values, codes.indices + shift, 2 * self.n)

    def decode(self, codes: SparseCodes, modality: str) -> Tensor:
        return codes.dense() @ self.rows[modality] + self.means[modality]

    def directions(self, modality: str) -> Tensor:
        rows = self.rows[modality]
        blank = torch.zeros_like(rows)
        return torch.cat([rows, blank] if modality == "image" else [blank, rows])


@dataclass(frozen=True)
class Sound(Method):
    """Nothing here is wrong."""

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS})
    n: int = 32
    k: int = 4

    def fit(self, data: TrainingData) -> Artifact:
        rows, means = {}, {}
        for modality in MODALITIES:
            x = data.train.rows(modality)
            means[modality] = x.mean(0)
            drawn = torch.randn(self.n, x.shape[1], generator=data.generator(modality))
            rows[modality] = torch.nn.functional.normalize(drawn, dim=1)
        chosen = {"energy": float(data.val.image.square().mean())}
        return Artifact(Plain(rows, means, self.n, self.k), data.site, k=self.k, chosen=chosen)
