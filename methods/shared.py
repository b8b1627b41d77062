"""Shared: one SAE reads and writes both modalities; latent j is latent j.

    z = TopK_k(ReLU((x - b_dec) @ W_enc + b_enc)),   x̂ = z @ W_dec + b_dec
    loss = ½ Σ‖x - x̂‖² / Σ‖x - μ_x‖²  +  ½ Σ‖y - ŷ‖² / Σ‖y - μ_y‖²

The baseline of "Same Concept, Different Directions", arXiv 2606.29888: a concept whose image and
text directions differ is split over two latents, or blurred into one between them. Presets change
how it is sparse: `batchtopk` (arXiv 2412.06410), `jumprelu` (arXiv 2407.14435) with the l0 weight
that keeps to the budget, `matryoshka` (MSAE, arXiv 2502.20578), which must also reconstruct from
its k/4 and its k/2 strongest latents.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import torch
from jaxtyping import Float
from torch import Tensor

from benchmark.contracts import MODALITIES, Artifact, Budget, Method, Need, TrainingData
from benchmark.sae.auxk import AuxK
from benchmark.sae.dictionaries import Paired
from benchmark.sae.frames import Same
from benchmark.sae.gates import BatchTopK, JumpReLU
from benchmark.sae.pairs import row_batches, val_rows
from benchmark.sae.sparsity import L1Weight
from benchmark.sae.trainable import Pass, Sae, fvu
from benchmark.sae.training import Optimiser, shared_start, train

PRESETS: dict[str, dict[str, object]] = {
    "batchtopk": {"sparsity": "batchtopk"},
    "jumprelu": {"sparsity": "jumprelu"},
    "matryoshka": {"sparsity": "matryoshka"},
}
PAPER: dict[str, object] = {"n_latents": 8192, "k": 32, "lr": 5e-4, "batch_size": 1024}
HOW = Optimiser()


@dataclass(frozen=True)
class Shared(Budget, Method):
    """All latents of the budget in one dictionary; each step sees a batch of pairs.

    Where rows are tokens it sees as many rows of each modality, whatever example they are of.
    """

    needs: ClassVar[frozenset[Need]] = frozenset({Need.PAIRS, Need.SAME_WIDTH})
    sparsity: Literal["topk", "batchtopk", "jumprelu", "matryoshka"] = "topk"
    auxk: float = 0.0
    """Weight of the term that revives dead latents; 0 leaves it out. For TopK alone."""

    def fit(self, data: TrainingData) -> Artifact:
        sae, source = shared_start(data, self)
        image, text = source["image"], source["text"]
        image_rows, text_rows = row_batches(data, self)

        def both(images: Tensor, texts: Tensor) -> Float[Tensor, "b d"]:
            return torch.cat([image.take(images), text.take(texts)])

        sample = both(image_rows.flatten()[:2048], text_rows.flatten()[:2048])
        weight = self._gate(sae, sample)
        dead = AuxK(sae, self.auxk) if self.auxk and sae.k is not None else None

        def loss(step: int) -> Float[Tensor, ""]:
            u = both(image_rows[step], text_rows[step])
            seen = sae(u)
            total = self._loss(sae, u, seen, weight, HOW.rate(step, self.steps))
            return total + (dead(u, seen) if dead else 0)

        train([sae], loss, self, data, "shared dictionary", HOW)
        if isinstance(sae.gate, BatchTopK):
            val = [source[m].scale * val_rows(data, m).to(data.device) for m in MODALITIES]
            sae.gate.settle(sae.pre_activations(torch.cat(val)))
        tower = sae.tower(image.scale)
        dictionary = Paired(tower, replace(tower, scale=text.scale), Same(self.n_latents))
        chosen: dict[str, Any] = {} if weight is None else {"lambda_0": weight.value}
        return Artifact(dictionary, data.site, k=self.k, chosen=chosen)

    def _gate(self, sae: Sae, sample: Float[Tensor, "n d"]) -> L1Weight | None:
        """Give the dictionary its gate; the weight of JumpReLU's l0, which is steered to k."""
        if self.sparsity == "batchtopk":
            sae.k, sae.gate = None, BatchTopK(self.k, self.n_latents)
        if self.sparsity != "jumprelu":
            return None
        pre = sae.pre_activations(sample).detach()
        sae.k, sae.gate = None, JumpReLU(pre.quantile(1 - self.k / self.n_latents, dim=0))
        return L1Weight(1.0, 0.95 * self.k)

    def _loss(
        self,
        sae: Sae,
        u: Float[Tensor, "b d"],
        seen: Pass,
        weight: L1Weight | None,
        rate: float,
    ) -> Float[Tensor, ""]:
        """FVU over both modalities, and what a preset adds; l0 counts as a share of all latents."""
        total = fvu(seen.out, u)
        if self.sparsity == "matryoshka":
            nested = [k for k in (self.k // 4, self.k // 2) if k]
            total = total + sum(fvu(sae.from_strongest(seen, k), u) for k in nested)
        if weight is not None and isinstance(sae.gate, JumpReLU):
            weight.observe(seen.values, rate)
            total = total + weight.value * sae.gate.fired / self.n_latents
        return total
